package rig

import (
	"bytes"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"framegate/gateway/camtest"
)

// CameraPictures gives JPEGs of 640x360 with as much in them as a camera's have,
// of some seconds, ten each.
func CameraPictures(t testing.TB) (pictures [][]byte) {
	t.Helper()
	const start = "\xff\xd8"
	all := camtest.Output(t, nil, "ffmpeg", "-v", "error", "-f", "lavfi", "-i", "testsrc2=size=640x360:rate=10,noise=alls=8:allf=t",
		"-frames:v", "30", "-pix_fmt", "yuvj420p", "-q:v", "5", "-f", "image2pipe", "-c:v", "mjpeg", "pipe:1")
	for rest := range bytes.SplitSeq(all[len(start):], []byte(start)) {
		pictures = append(pictures, append([]byte(start), rest...))
	}
	return pictures
}

// Feed sends each camera ten pictures a second, over and over, until the test ends.
// No two of them do so at the same moment.
func Feed(t testing.TB, url string, who Credentials, cameras []string, pictures [][]byte) {
	t.Helper()
	const each = time.Second / 10
	feeds := make([]*io.PipeWriter, len(cameras))
	var working sync.WaitGroup
	for i, camera := range cameras {
		body, w := io.Pipe()
		feeds[i] = w
		r, err := http.NewRequest(http.MethodPost, url+"/live/"+camera+".mjpeg", body)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", "image/jpeg")
		who.Put(r)
		working.Go(func() {
			if response, err := http.DefaultClient.Do(r); err == nil {
				response.Body.Close()
			}
			body.Close()
		})
	}
	done := make(chan struct{})
	working.Go(func() { // ends with the test
		tick := time.NewTicker(each / time.Duration(len(feeds)))
		defer tick.Stop()
		for n := 0; ; n++ {
			select {
			case <-done:
				return
			case <-tick.C:
				_, _ = feeds[n%len(feeds)].Write(pictures[n/len(feeds)%len(pictures)])
			}
		}
	})
	t.Cleanup(func() {
		close(done)
		for _, w := range feeds {
			w.CloseWithError(io.EOF)
		}
		working.Wait()
	})
}

// RecordedLater is how a camera is recorded that is not at the moment, in the words
// of the configuration: what was recorded of it is there, and costs nothing more.
func RecordedLater() string {
	day := strings.ToLower(time.Now().UTC().AddDate(0, 0, 3).Format("Mon"))
	return "{mode: scheduled, schedule: {zone: UTC, hours: '" + day + " 12:00-12:01'}}"
}
