package main

import (
	"bufio"
	"context"
	"io"
	"mime/multipart"
	"net/http"
	"strings"
	"testing"
	"time"

	"framegate/gateway/camtest"
)

// start runs the command until the test ends, and gives its first line.
func start(t *testing.T, args ...string) (said string) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	in, out := io.Pipe()
	done := make(chan error, 1)
	go func() { // ends with the test
		done <- run(ctx, args, out)
		out.Close()
	}()
	t.Cleanup(func() {
		cancel()
		go io.Copy(io.Discard, in) // ends with run
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	said, err := bufio.NewReader(in).ReadString('\n')
	if err != nil {
		t.Fatal(err, <-done)
	}
	go io.Copy(io.Discard, in) // ends with run
	return strings.TrimSpace(said)
}

// picture takes the first picture of a camera over HTTP.
func picture(t *testing.T, address string) (number int, err error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return 0, err
	}
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		return 0, err
	}
	defer response.Body.Close()
	part, err := multipart.NewReader(response.Body, "b").NextPart()
	if err != nil {
		return 0, err
	}
	jpeg, err := io.ReadAll(part)
	if err != nil {
		return 0, err
	}
	return camtest.ReadJPEGNumber(jpeg)
}

func TestCameraThatWorksAndOneThatReboots(t *testing.T) {
	t.Parallel()
	if _, err := picture(t, start(t, "http", "--numbered", "--width", "96", "--height", "64")); err != nil {
		t.Error(err)
	}
	address := start(t, "http", "--numbered", "--width", "96", "--height", "64", "--fault", "0s:reboot:1h")
	for err := error(nil); err == nil; { // soon after it begins
		_, err = picture(t, address)
	}
}

func TestProxyBeforeACamera(t *testing.T) {
	t.Parallel()
	address := start(t, "http", "--numbered", "--width", "96", "--height", "64")
	host := strings.TrimSuffix(strings.TrimPrefix(address, "http://"), "/mjpeg")
	line, _, _ := strings.Cut(start(t, "proxy", "--to", host), " ")
	if _, err := picture(t, "http://"+line+"/mjpeg"); err != nil {
		t.Error(err)
	}
}

func TestWhatIsRefused(t *testing.T) {
	for _, args := range []string{"", "radio", "rtsp --fault 10s", "rtsp --fault 1s:burn", "upload --to ftp://h/", "http more"} {
		if err := run(t.Context(), strings.Fields(args), io.Discard); err == nil {
			t.Errorf("%q is taken", args)
		}
	}
}
