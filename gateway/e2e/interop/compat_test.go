package interop

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"image/jpeg"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"framegate/gateway/auth"
	"framegate/gateway/camtest"
	"framegate/gateway/e2e/rig"
)

// TestGo2rtcsPlayer has go2rtc's own player, on a page of another site, show a camera in
// Chromium.
func TestGo2rtcsPlayer(t *testing.T) {
	t.Parallel()
	rig.NeedBrowser(t)
	rig.Need(t, "ffmpeg")
	rig.PeerTool(t, "go2rtc") // which brings its player
	folder, err := exec.Command("go", "list", "-modfile=../../../scripts/peers/go.mod", "-m", "-f", "{{.Dir}}", "github.com/AlexxIT/go2rtc").Output()
	if err != nil {
		t.Fatal(err)
	}
	var gateway *rig.Server
	pages := http.NewServeMux()
	pages.Handle("GET /www/", http.StripPrefix("/www/", http.FileServer(http.Dir(filepath.Join(strings.TrimSpace(string(folder)), "www")))))
	pages.HandleFunc("GET /page", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		fmt.Fprintf(w, `<!doctype html><script type="module">
			import { VideoRTC } from './www/video-rtc.js';
			customElements.define('video-rtc', VideoRTC);
			const player = document.createElement('video-rtc');
			player.id = 'player';
			player.mode = %q;
			player.src = %q;
			document.body.append(player);
		</script>`, r.FormValue("mode"), strings.Replace(gateway.URL, "http", "ws", 1)+"/api/ws?src=Front.Door")
	})
	site := httptest.NewUnstartedServer(pages)
	t.Cleanup(site.Close)
	origin := "http://" + site.Listener.Addr().String()
	gateway = rig.Start(t, fmt.Sprintf("compat: [go2rtc]\nwebrtc: {listen: '127.0.0.1:0'}\ncors: {origins: [%q]}\ncameras: {front-door: {source: 'test:?width=320&height=240&fps=10'}}\n", origin))
	site.Start() // now that the page knows the gateway
	rig.Drive(t, "go2rtc.mjs", origin+"/page")
}

// TestGo2rtcsClients asks as Home Assistant's go2rtc-client and cards of dashboards do.
func TestGo2rtcsClients(t *testing.T) {
	t.Parallel()
	rig.Need(t, "ffmpeg")
	s := rig.Start(t, "compat: [go2rtc]\nwebrtc: {listen: '127.0.0.1:0'}\ncameras: {front-door: {source: 'test:?width=320&height=240&fps=10', name: The door}, printer: {source: 'upload:'}}\n")
	var about struct{ Version string }
	if readJSON(t, s.URL+"/api", &about); about.Version != "1.9.14" {
		t.Errorf("the version is %q", about.Version)
	}
	var streams map[string]struct{ Producers, Consumers []any }
	readJSON(t, s.URL+"/api/streams", &streams)
	if one, there := streams["front-door"]; len(streams) != 2 || !there || one.Producers == nil || one.Consumers == nil {
		t.Errorf("the streams are %+v", streams)
	}
	for _, name := range []string{"front-door", "Front.Door", "The door"} {
		response := get(t, s.URL+"/api/frame.jpeg?src="+url.QueryEscape(name)+"&w=160&rotate=90")
		content, err := io.ReadAll(response.Body)
		if err != nil || response.StatusCode != http.StatusOK {
			t.Fatalf("%s: %s, %v", name, response.Status, err)
		}
		if picture, err := jpeg.DecodeConfig(bytes.NewReader(content)); err != nil || picture.Width != 160 {
			t.Errorf("%s: a picture of %+v, %v", name, picture, err)
		}
	}
	if got := tracksOf(t, s.URL+"/api/stream.mp4?src=front-door&video=h264"); got != "h264" {
		t.Errorf("the MP4 has %s", got)
	}
	partsOf(t, get(t, s.URL+"/api/stream.mjpeg?src=front-door"), 3)
	offer, err := json.Marshal(map[string]string{"type": "offer", "sdp": camtest.Offer})
	if err != nil {
		t.Fatal(err)
	}
	offerBySocket(t, s.URL)
	for body, want := range map[string]int{string(offer): http.StatusOK, `{"type": "answer"}`: http.StatusBadRequest, "v=0": http.StatusBadRequest} {
		response, err := http.Post(s.URL+"/api/webrtc?src=Front.Door", "application/json", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		var answer struct{ Type, SDP string }
		err = json.NewDecoder(response.Body).Decode(&answer)
		response.Body.Close()
		if response.StatusCode != want || err != nil || want == http.StatusOK && (answer.Type != "answer" || !strings.Contains(answer.SDP, "a=rtpmap:102 H264/90000")) {
			t.Errorf("an offer is answered %s, %+v, %v", response.Status, answer, err)
		}
	}
	if response := get(t, s.URL+"/api/frame.jpeg?src=absent"); response.StatusCode != http.StatusNotFound {
		t.Errorf("a camera that is not there is %s", response.Status)
	}
}

// offerBySocket offers WebRTC as Home Assistant does: by a socket that asks for nothing else,
// and that stays open while the pictures go another way, longer than one that comes later
// and says nothing.
func offerBySocket(t *testing.T, gateway string) {
	t.Helper()
	dial := func() *websocket.Conn {
		socket, _, err := websocket.DefaultDialer.Dial(strings.Replace(gateway, "http", "ws", 1)+"/api/ws?src=front-door", nil)
		if err != nil {
			t.Fatal(err)
		}
		_ = socket.SetReadDeadline(time.Now().Add(rig.Ceiling)) // fails where the reads will
		return socket
	}
	offers, silent := dial(), dial()
	defer offers.Close()
	defer silent.Close()
	for range 2 {
		if err := offers.WriteJSON(map[string]string{"type": "webrtc/offer", "value": camtest.Offer}); err != nil {
			t.Fatal(err)
		}
		var said struct{ Type, Value string }
		if err := offers.ReadJSON(&said); err != nil || said.Type != "webrtc/answer" || !strings.Contains(said.Value, "a=rtpmap:102 H264/90000") {
			t.Fatalf("an offer by a socket is answered %+v, %v", said, err)
		}
		var err error
		for err == nil {
			_, _, err = silent.ReadMessage()
		}
		if left := (*websocket.CloseError)(nil); !errors.As(err, &left) {
			t.Fatalf("who says nothing is told %v", err)
		}
	}
}

// TestPrinters asks as OctoPrint, Mainsail and Fluidd do of mjpg-streamer, by a link.
func TestPrinters(t *testing.T) {
	t.Parallel()
	g := rig.StartGuarded(t, "compat: [mjpg-streamer]\ncameras: {bed: {source: 'test:?width=320&height=240&fps=10'}, nozzle: {source: 'test:?width=160&height=120&fps=5'}}\n")
	for i, id := range []string{"bed", "nozzle"} {
		link := g.SignLink(t, g.AddToken(t, "maker-"+id, "view:"+id), auth.View, id)
		for _, number := range []string{"", fmt.Sprintf("_%d", i)} {
			if i > 0 && number == "" {
				continue // the first one is meant
			}
			snapshots := map[string]string{"OctoPrint": "", "Mainsail": "&bypassCache=1700000000000", "Fluidd": "&cacheBust=1700000000000"}
			for who, more := range snapshots {
				response := get(t, g.URL+"/webcam/?action=snapshot"+number+"&"+link+more)
				if picture, err := jpeg.DecodeConfig(response.Body); err != nil || picture.Width != 320>>i {
					t.Errorf("%s of %s%s: %s, %+v, %v", who, id, number, response.Status, picture, err)
				}
			}
			for _, more := range []string{"&1700000000000", "&cacheBust=1700000000000"} { // OctoPrint and Fluidd show it as a picture
				partsOf(t, get(t, g.URL+"/?action=stream"+number+"&"+link+more), 3)
			}
			asMainsailReads(t, get(t, g.URL+"/webcam/?action=stream"+number+"&"+link+"&timestamp=1700000000000").Body, 3)
		}
		asMainsailReads(t, get(t, g.URL+"/live/"+id+".mjpeg?"+link+"&timestamp=1700000000000").Body, 3)
		partsOf(t, get(t, g.URL+"/live/"+id+".mjpeg?"+link+"&1700000000000"), 3)
		if response := get(t, g.URL+"/?action=stream_"+fmt.Sprint(1-i)+"&"+link); response.StatusCode != http.StatusUnauthorized {
			t.Errorf("the link to %s is good for another: %s", id, response.Status)
		}
	}
	for _, number := range []string{"_1", "_2", "_99"} { // of which the last two are not there
		if response := get(t, g.URL+"/?action=snapshot"+number); response.StatusCode != http.StatusUnauthorized {
			t.Errorf("snapshot%s without a login is %s", number, response.Status)
		}
	}
	sent, err := http.Post(g.URL+"/?action=snapshot&"+g.SignLink(t, g.AddToken(t, "sender", "publish:bed"), auth.Publish, "bed"), "image/jpeg", strings.NewReader("x"))
	if err != nil {
		t.Fatal(err)
	}
	defer sent.Body.Close()
	if sent.StatusCode != http.StatusMethodNotAllowed {
		t.Errorf("what is posted there is answered %s", sent.Status)
	}
	page := get(t, g.URL+"/?action=other")
	if content, _ := io.ReadAll(page.Body); !bytes.Contains(content, []byte("<html")) {
		t.Errorf("another action is no page: %s", page.Status)
	}
}

// asMainsailReads takes so many pictures as Mainsail does: all up to the beginning of a JPEG is a
// head, which says how long that is.
func asMainsailReads(t *testing.T, body io.Reader, n int) {
	t.Helper()
	r := bufio.NewReader(body)
	for range n {
		length := 0
		for {
			if begin, err := r.Peek(2); err != nil {
				t.Fatal(err)
			} else if string(begin) == "\xFF\xD8" {
				break
			}
			line, err := r.ReadString('\n')
			if err != nil {
				t.Fatal(err)
			}
			if name, value, _ := strings.Cut(line, ":"); strings.EqualFold(name, "content-length") {
				length, _ = strconv.Atoi(strings.TrimSpace(value))
			}
		}
		picture := make([]byte, length)
		if _, err := io.ReadFull(r, picture); err != nil || bytes.Contains(picture[1:], []byte("\xFF\xD8")) {
			t.Fatalf("a picture of %d bytes, %v", length, err)
		}
		if _, err := jpeg.Decode(bytes.NewReader(picture)); err != nil {
			t.Fatal(err)
		}
	}
}

// TestCompatibleAddressesAreOff where the configuration does not name them.
func TestCompatibleAddressesAreOff(t *testing.T) {
	t.Parallel()
	s := rig.Start(t, "")
	for _, path := range []string{"/api", "/api/streams", "/api/frame.jpeg?src=demo", "/api/ws?src=demo"} {
		response := get(t, s.URL+path)
		content, _ := io.ReadAll(response.Body)
		if response.StatusCode != http.StatusNotFound || !strings.Contains(string(content), "compat: [go2rtc]") {
			t.Errorf("%s is %s: %s", path, response.Status, content)
		}
	}
	response := get(t, s.URL+"/?action=snapshot")
	if kind := response.Header.Get("Content-Type"); !strings.HasPrefix(kind, "text/html") {
		t.Errorf("/?action=snapshot is %s", kind)
	}
}

// get asks for an address, until the test ends.
func get(t *testing.T, address string) *http.Response {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { response.Body.Close() })
	return response
}

func readJSON(t *testing.T, address string, into any) {
	t.Helper()
	response := get(t, address)
	if err := json.NewDecoder(response.Body).Decode(into); err != nil || response.StatusCode != http.StatusOK {
		t.Fatalf("%s: %s, %v", address, response.Status, err)
	}
}

// partsOf wants so many JPEGs of a multipart response, and leaves it.
func partsOf(t *testing.T, response *http.Response, n int) {
	t.Helper()
	defer response.Body.Close()
	kind, parameters, err := mime.ParseMediaType(response.Header.Get("Content-Type"))
	if err != nil || kind != "multipart/x-mixed-replace" {
		t.Fatalf("%s, %s, %v", response.Status, kind, err)
	}
	parts := multipart.NewReader(response.Body, strings.TrimPrefix(parameters["boundary"], "--"))
	for range n {
		part, err := parts.NextRawPart()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := jpeg.Decode(part); err != nil {
			t.Fatal(err)
		}
	}
}
