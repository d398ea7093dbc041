package contract

import (
	"bytes"
	"encoding/json"
	"fmt"
	"image"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"framegate/gateway/auth"
	"framegate/gateway/camtest"
	"framegate/gateway/e2e/rig"
)

// cutting asks a gateway for a clip of the camera front.
func cutting(t *testing.T, s *rig.Server, method string, from, to time.Time, header ...string) (*http.Response, []byte) {
	t.Helper()
	query := url.Values{"from": {from.Format(time.RFC3339Nano)}, "to": {to.Format(time.RFC3339Nano)}, "start": {"exact"}}
	return asked(t, method, s.URL+"/live/front/recording.mp4?"+query.Encode(), header...)
}

// numbersOf has ffmpeg show a clip, and reads the numbers of its pictures.
func numbersOf(t *testing.T, clip []byte) (all []int) {
	t.Helper()
	rig.Need(t, "ffmpeg")
	name := filepath.Join(t.TempDir(), "clip.mp4")
	if err := os.WriteFile(name, clip, 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := rig.Program(t, "ffmpeg", "-v", "error", "-i", name, "-vf", "scale=64:48", "-fps_mode", "passthrough", "-pix_fmt", "gray", "-f", "rawvideo", "-").Output()
	if err != nil {
		t.Fatal(err)
	}
	return numbersIn(t, out)
}

// numbersIn reads the numbers of grey pictures of 64x48.
func numbersIn(t *testing.T, pictures []byte) (all []int) {
	t.Helper()
	for pixels := range slices.Chunk(pictures, 64*48) {
		n, err := camtest.ReadNumber(&image.Gray{Pix: pixels, Stride: 64, Rect: image.Rect(0, 0, 64, 48)})
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, n)
	}
	return all
}

// TestClipOfARecording has a camera come, go and come back, and downloads what was
// recorded: of a file that is finished, and of one that is being written.
func TestClipOfARecording(t *testing.T) {
	t.Parallel()
	s := rig.Start(t, "cameras: {front: {source: 'upload:', record: {mode: continuous, codec: mjpeg}}}")
	begin := time.Now().Add(-time.Second)
	lengthTo := func(end time.Time) int64 {
		answer, _ := cutting(t, s, http.MethodHead, begin, end)
		if answer.StatusCode != http.StatusOK {
			return 0
		}
		return answer.ContentLength
	}
	length := func() int64 { return lengthTo(time.Now()) }
	least := int64(30 * len(rig.Picture(1)))
	stop := rig.PublishOver(t, http.DefaultClient, s, "front", 0)
	rig.Await(t, "a second and a half of a recording", func() bool { return length() > least })
	stop()
	rig.Await(t, "its publisher to be gone", func() bool {
		return !strings.Contains(string(s.Get(t, "/api/v1/publishers", rig.Credentials{}).Content), "front")
	})
	rig.SendNumbers(t, s, "front")
	rig.Await(t, "as much after a hole", func() bool { return length() > 3*least })

	end := time.Now()
	rig.Await(t, "what follows on it", func() bool { return length() > lengthTo(end)+2*int64(len(rig.Picture(1))) }) // so that no more of it comes
	answer, all := cutting(t, s, http.MethodGet, begin, end)
	if answer.StatusCode != http.StatusOK || int64(len(all)) != answer.ContentLength {
		t.Fatalf("%s, %d bytes of %d", answer.Status, len(all), answer.ContentLength)
	}
	numbers := numbersOf(t, all)
	if len(numbers) == 0 || numbers[0] > 5 { // recording begins with a picture that comes soon
		t.Fatalf("pictures %v", numbers)
	}
	again := slices.Index(numbers[1:], 1) + 1
	for i, n := range numbers {
		if want := i + 1; i < again && n != i+numbers[0] || i >= again && n != want-again {
			t.Fatalf("picture %d is %d: %v", i, n, numbers)
		}
	}
	if again < 20 || len(numbers)-again < 20 {
		t.Errorf("%d and %d pictures", again, len(numbers)-again)
	}
	from := len(all) / 3
	answer, part := cutting(t, s, http.MethodGet, begin, end, "Range", "bytes="+strconv.Itoa(from)+"-", "If-Range", answer.Header.Get("ETag"))
	if answer.StatusCode != http.StatusPartialContent || !bytes.Equal(part, all[from:]) {
		t.Errorf("the rest of it: %s, %d bytes of %d", answer.Status, len(part), len(all)-from)
	}
}

// TestPlaylistOfARecording is played by ffmpeg by an address that is signed, and so
// are those in it: without that nobody gets anything.
func TestPlaylistOfARecording(t *testing.T) {
	t.Parallel()
	rig.Need(t, "ffmpeg")
	g := rig.StartGuarded(t, "cameras: {front: {source: 'upload:', record: {mode: continuous}}}")
	link := g.SignLink(t, g.AddToken(t, "watcher", "playback:front"), auth.Playback, "front")
	rig.PublishOver(t, &http.Client{Transport: bearer(g.AddToken(t, "camera", "publish:front"))}, g.Server, "front", 0)
	from := time.Now().UTC()
	path := ""
	rig.Await(t, "a part", func() bool {
		path = "/live/front/recording.m3u8?from=" + from.Format(time.RFC3339Nano) + "&to=now&" + link
		a := g.Get(t, path, rig.Credentials{})
		return a.StatusCode == http.StatusOK && bytes.Count(a.Content, []byte("#EXTINF")) > 0
	})
	path = strings.Replace(path, "to=now", "to="+time.Now().UTC().Format(time.RFC3339Nano), 1)
	out, err := rig.Program(t, "ffmpeg", "-v", "error", "-live_start_index", "0", "-i", g.URL+path, "-frames:v", "60", "-vf", "scale=64:48", "-fps_mode", "passthrough", "-pix_fmt", "gray", "-f", "rawvideo", "-").Output()
	if err != nil {
		t.Fatal(err)
	}
	before := 0
	for _, n := range numbersIn(t, out) {
		if before > 0 && n <= before {
			t.Fatalf("%d behind %d", n, before)
		}
		before = n
	}
	if before < 50 {
		t.Errorf("the last picture is %d", before)
	}
	for _, line := range strings.Split(string(g.Get(t, path, rig.Credentials{}).Content), "\n") {
		if address, _, part := strings.Cut(line, "&sig="); part && strings.HasPrefix(line, "recording.mp4") {
			if a := g.Get(t, "/live/front/"+address, rig.Credentials{}); a.StatusCode != http.StatusUnauthorized {
				t.Errorf("without a signature: %d", a.StatusCode)
			}
		}
	}
	expectEndable(t, g, link, from, path)
}

// expectEndable has recordings shown in every form that takes its time, and ends each
// as an admin does, who finds them in the list; hls is played already.
func expectEndable(t *testing.T, g *rig.Guarded, link string, from time.Time, playlist string) {
	t.Helper()
	open := map[string]*rig.OpenStream{}
	for form, address := range map[string]string{"mjpeg": "recording.mjpeg", "sse": "recording.sse", "framegate.v1": "recording"} {
		var header map[string]string
		if form == "framegate.v1" {
			header = rig.Upgrade()
			header["Sec-WebSocket-Protocol"] = form
		}
		path := "/live/front/" + address + "?from=" + from.Format(time.RFC3339Nano) + "&" + link
		open[form] = g.Open(t, g.Request(t, "GET", path, nil, header), rig.Credentials{}, nil)
	}
	ended := map[string]bool{}
	rig.Await(t, "all of them to be in the list, and to end", func() bool {
		var list struct {
			Viewers []struct {
				ID           uint64
				Camera, Form string
				Principal    string
				Past         bool
			}
		}
		if err := json.Unmarshal(g.Call(t, "GET", "/api/v1/viewers", nil, g.AsAdmin(t), 200).Content, &list); err != nil {
			t.Fatal(err)
		}
		for _, v := range list.Viewers {
			if !v.Past || v.Camera != "front" || v.Principal != "link:watcher" {
				t.Fatalf("%+v", v)
			}
			a := g.Send(t, g.Request(t, "DELETE", fmt.Sprintf("/api/v1/viewers/%d", v.ID), nil, nil), g.AsAdmin(t))
			ended[v.Form] = ended[v.Form] || a.StatusCode == http.StatusNoContent
		}
		return len(ended) == 4 && len(list.Viewers) == 0
	})
	for form, s := range open {
		select {
		case <-s.Ended:
		case <-rig.Unhurried(t, 5*time.Second):
			t.Errorf("%s goes on", form)
		}
	}
	if a := g.Get(t, playlist, rig.Credentials{}); a.StatusCode != http.StatusForbidden || !ended["hls"] {
		t.Errorf("the playlist afterwards: %d; ended %v", a.StatusCode, ended)
	}
}

// bearer sends requests with a token.
type bearer string

func (b bearer) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Header.Set("Authorization", "Bearer "+string(b))
	return http.DefaultTransport.RoundTrip(r)
}
