package contract

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"io"
	"net"
	"net/http"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"framegate/gateway/camtest"
	"framegate/gateway/e2e/rig"
	"framegate/gateway/mp4"
)

// outputForm is one form in which a camera comes out, and what is promised of
// it.
type outputForm struct {
	name   string
	film   bool   // it shows H.264, else JPEGs
	heard  bool   // its camera has sound, and the viewer asks for it
	path   string // behind the camera's name
	watch  func(*spectator, outputForm, string)
	pace   time.Duration // at least between pictures; they are left out otherwise
	states bool          // it says how the camera is
	tells  bool          // it says how many pictures were dropped
	stills bool          // while there is no picture it shows one without a number
	bound  int           // how many pictures a slow viewer may be behind
}

// How many pictures a viewer may be behind that takes one of four: what the
// kernel's buffers hold, four times; of H.264, and one GOP, since only a
// keyframe can be skipped to. Without skipping it would be behind by three
// quarters of what was shown.
const (
	boundJPEG = 16
	boundH264 = 16 + 2*filmGOP
)

// soundPace has each picture be for longer than a frame of sound is.
const soundPace = 40 * time.Millisecond

// outputForms is all that streams.
var outputForms = []outputForm{
	{name: "mjpeg", path: ".mjpeg", watch: watchParts, stills: true, bound: boundJPEG},
	{name: "sse", path: ".sse?fps=30", watch: watchEvents, pace: 40 * time.Millisecond, states: true, bound: boundJPEG},
	{name: "mp4", film: true, path: ".mp4", watch: watchMovie, bound: boundH264},
	{name: "framegate.v1 jpeg", path: "?codec=jpeg", watch: watchMessages, states: true, tells: true, bound: boundJPEG},
	{name: "framegate.v1 h264", film: true, path: "?codec=h264", watch: watchMessages, states: true, tells: true, bound: boundH264},
	{name: "ws-fmp4", film: true, path: "", watch: watchSegments, bound: boundH264},
	{name: "mp4 with sound", film: true, heard: true, pace: soundPace, path: ".mp4?sound=aac", watch: watchMovie, bound: boundH264},
	{name: "framegate.v1 h264 with sound", film: true, heard: true, pace: soundPace, path: "?codec=h264", watch: watchMessages, states: true, tells: true, bound: boundH264},
	{name: "ws-fmp4 with sound", film: true, heard: true, pace: soundPace, path: "?codec=h264&sound=aac", watch: watchSegments, bound: boundH264},
}

// camera starts a camera that needs no encoder to be shown in the form.
func (f outputForm) camera(t *testing.T) numbersCamera {
	t.Helper()
	if f.film {
		return newFilmCameraOf(t, pictureBytes, f.heard)
	}
	return newJPEGCamera(t)
}

// cameraName is what a camera is called that forms of its kind share.
func (f outputForm) cameraName() string {
	switch {
	case f.heard:
		return "voices"
	case f.film:
		return "films"
	}
	return "jpegs"
}

// stageOfAll is a gateway with a camera for each kind of forms, by cameraName.
func stageOfAll(t *testing.T) (*rig.Server, map[string]numbersCamera) {
	t.Helper()
	cameras, configuration := make(map[string]numbersCamera), "cameras:\n"
	for _, form := range outputForms {
		if name := form.cameraName(); cameras[name] == nil {
			cameras[name] = form.camera(t)
			configuration += fmt.Sprintf("  %s: {source: '%s'}\n", name, cameras[name].source())
		}
	}
	return rig.Start(t, configuration), cameras
}

// sight is one thing that a viewer gets.
type sight struct {
	kind    string // picture, still (one without a number), state, drop, or "" for what does not matter here
	number  int
	wall    time.Time // when it was taken; zero where the form does not say
	seq     uint64    // 0 where the form has none
	anew    bool      // it is said not to follow on the last one
	state   string    // connecting, online or offline
	dropped int
	arrived time.Time
}

// spectator is a viewer of some form. It is for one goroutine.
type spectator struct {
	t     *testing.T
	form  outputForm
	conn  net.Conn
	read  func() (sight, error)
	ended func(error) error // says what is wrong with how the response ended

	last   int      // the last picture's number
	seq    uint64   // and its place
	sounds int      // fragments of sound that came
	states []string // told so far
	reels  []reel   // of H.264, all that came, or the first maxReel of each
}

// reel is an init segment and the fragments behind it.
type reel struct {
	bytes   []byte
	numbers []int // as the pictures are labelled
	ends    []int64
}

// maxReel bounds what is kept to be decoded, in pictures.
const maxReel = 200

// watchAs begins to watch the camera front. The response is open when it
// returns. buffer is the size of the viewer's receive buffer in bytes; with 0
// the kernel chooses.
func watchAs(t *testing.T, s *rig.Server, form outputForm, buffer int) *spectator {
	t.Helper()
	return watchCamera(t, s, "front", form, buffer)
}

func watchCamera(t *testing.T, s *rig.Server, camera string, form outputForm, buffer int) *spectator {
	t.Helper()
	v := &spectator{t: t, form: form}
	address := strings.TrimPrefix(s.URL, "http://")
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	if buffer > 0 {
		if err := conn.(*net.TCPConn).SetReadBuffer(buffer); err != nil {
			t.Fatal(err)
		}
	}
	v.conn = conn
	v.patient()
	form.watch(v, form, s.URL+"/live/"+camera+form.path)
	return v
}

// patient bounds all reading until it is called again.
func (v *spectator) patient() { v.conn.SetReadDeadline(time.Now().Add(rig.Ceiling)) }

// get asks over HTTP/1.1.
func (v *spectator) get(address string) *http.Response {
	v.t.Helper()
	r, err := http.NewRequest(http.MethodGet, address, nil)
	if err != nil {
		v.t.Fatal(err)
	}
	if err := r.Write(v.conn); err != nil {
		v.t.Fatal(err)
	}
	response, err := http.ReadResponse(bufio.NewReader(v.conn), r)
	if err != nil {
		v.t.Fatal(err)
	}
	if response.StatusCode != http.StatusOK || response.TransferEncoding != nil || !response.Close {
		v.t.Fatalf("%s, transfer encoding %v, closes: %v", response.Status, response.TransferEncoding, response.Close)
	}
	return response
}

// wholeBody is how a body that lasts as long as its connection ends well.
func wholeBody(err error) error {
	if err != io.EOF {
		return err
	}
	return nil
}

func watchParts(v *spectator, _ outputForm, address string) {
	response := v.get(address)
	parts, err := camtest.ReadParts(response.Body, response.Header, false)
	if err != nil {
		v.t.Fatal(err)
	}
	v.ended = wholeBody // ReadParts insists on the closing boundary
	v.read = func() (sight, error) {
		part, err := parts.Next()
		if err != nil {
			return sight{}, err
		}
		n, err := part.Number()
		if err != nil {
			return sight{kind: "still"}, nil
		}
		return sight{kind: "picture", number: n, wall: part.Timestamp}, nil
	}
}

func watchEvents(v *spectator, _ outputForm, address string) {
	lines := bufio.NewReader(v.get(address).Body)
	v.ended = wholeBody
	v.read = func() (sight, error) { return readEvent(lines) }
}

// readEvent reads one event, or a block without one. A stream that ends within
// an event is an error.
func readEvent(lines *bufio.Reader) (sight, error) {
	fields := make(map[string]string)
	for {
		line, err := lines.ReadString('\n')
		if err == io.EOF && (line != "" || len(fields) > 0) {
			err = io.ErrUnexpectedEOF
		}
		if err != nil {
			return sight{}, err
		}
		if line == "\n" {
			break
		}
		name, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), ":")
		fields[name] = strings.TrimPrefix(value, " ")
	}
	switch fields["event"] {
	case "state":
		var state struct{ Camera string }
		err := json.Unmarshal([]byte(fields["data"]), &state)
		return sight{kind: "state", state: state.Camera}, err
	case "frame":
		return eventPicture(fields)
	}
	return sight{}, nil
}

func eventPicture(fields map[string]string) (sight, error) {
	var frame struct {
		Seq  uint64
		TS   json.Number
		Data []byte
	}
	if err := json.Unmarshal([]byte(fields["data"]), &frame); err != nil {
		return sight{}, err
	}
	seconds, micros, _ := strings.Cut(frame.TS.String(), ".")
	at, err := strconv.ParseInt(seconds+micros, 10, 64)
	if err != nil || len(micros) != 6 || fields["id"] != strconv.FormatUint(frame.Seq, 10) {
		return sight{}, fmt.Errorf("ts %v, id %v, seq %d", frame.TS, fields["id"], frame.Seq)
	}
	n, err := camtest.ReadJPEGNumber(frame.Data)
	return sight{kind: "picture", number: n, wall: time.UnixMicro(at), seq: frame.Seq}, err
}

// watchMovie watches a file that does not end.
func watchMovie(v *spectator, _ outputForm, address string) {
	response := v.get(address)
	if got := response.Header.Get("Content-Type"); got != "video/mp4" {
		v.t.Fatalf("content type %q", got)
	}
	body := bufio.NewReader(response.Body)
	v.ended = wholeBody
	v.read = func() (sight, error) {
		head, content, err := readBoxes(body)
		if err != nil {
			return sight{}, err
		}
		return v.segment(head, content)
	}
}

// readBoxes reads two boxes, which here are a segment. A file that ends within
// them is an error.
func readBoxes(r *bufio.Reader) (kind string, segment []byte, err error) {
	for range 2 {
		head, err := r.Peek(8)
		if err == io.EOF && len(head)+len(segment) > 0 {
			err = io.ErrUnexpectedEOF
		}
		if err != nil {
			return "", nil, err
		}
		if kind == "" {
			kind = string(head[4:8])
		}
		size := binary.BigEndian.Uint32(head)
		if size < 8 || size > 1<<20 {
			return "", nil, fmt.Errorf("box %q of %d bytes", head[4:], size)
		}
		box := make([]byte, size)
		if _, err := io.ReadFull(r, box); err != nil {
			return "", nil, errors.Join(io.ErrUnexpectedEOF, err)
		}
		segment = append(segment, box...)
	}
	return kind, segment, nil
}

// segment takes an init segment or a fragment.
func (v *spectator) segment(kind string, segment []byte) (sight, error) {
	if kind == "ftyp" {
		if v.form.heard && bytes.Count(segment, []byte("trak")) == 2 { // ReadInit reads one track, and develop all
			v.reels = append(v.reels, reel{bytes: segment})
			return sight{}, nil
		}
		if _, timescale, err := mp4.ReadInit(segment); err != nil || timescale != mp4.Timescale {
			return sight{}, fmt.Errorf("init segment: timescale %d, %w", timescale, err)
		}
		v.reels = append(v.reels, reel{bytes: segment})
		return sight{}, nil
	}
	if kind != "moof" || len(v.reels) == 0 {
		return sight{}, fmt.Errorf("box %q, %d init segments before it", kind, len(v.reels))
	}
	if isSound(segment) {
		v.sounds++
		return sight{}, nil
	}
	fragment, n, err := mp4.ReadFragment(segment)
	if err != nil || n != len(segment) {
		return sight{}, fmt.Errorf("fragment of %d bytes, %d read: %w", len(segment), n, err)
	}
	number, err := readLabel(fragment.Data)
	if err != nil {
		return sight{}, err
	}
	r := &v.reels[len(v.reels)-1]
	if len(r.numbers) >= maxReel {
		return sight{kind: "picture", number: number}, nil
	}
	r.bytes = append(r.bytes, segment...)
	r.numbers = append(r.numbers, number)
	r.ends = append(r.ends, int64(fragment.DecodeTime)+int64(fragment.Duration))
	return sight{kind: "picture", number: number}, nil
}

// isSound says whether a fragment is of the track of sound, which is the second.
func isSound(fragment []byte) bool {
	_, head, found := bytes.Cut(fragment, []byte("tfhd"))
	return found && len(head) >= 8 && binary.BigEndian.Uint32(head[4:]) == 2
}

// socket makes a WebSocket of the connection.
func (v *spectator) socket(address string, subprotocols ...string) *websocket.Conn {
	v.t.Helper()
	dialer := websocket.Dialer{
		Subprotocols:   subprotocols,
		NetDialContext: func(context.Context, string, string) (net.Conn, error) { return v.conn, nil },
	}
	socket, _, err := dialer.DialContext(v.t.Context(), "ws"+strings.TrimPrefix(address, "http"), nil)
	if err != nil {
		v.t.Fatal(err)
	}
	v.ended = func(err error) error {
		if !websocket.IsCloseError(err, websocket.CloseGoingAway) {
			return err
		}
		return nil
	}
	return socket
}

// watchSegments watches bare fragments.
func watchSegments(v *spectator, _ outputForm, address string) {
	socket := v.socket(address)
	v.read = func() (sight, error) {
		kind, message, err := socket.ReadMessage()
		if err != nil {
			return sight{}, err
		}
		if kind != websocket.BinaryMessage || len(message) < 8 {
			return sight{}, fmt.Errorf("message of kind %d, %d bytes", kind, len(message))
		}
		return v.segment(string(message[4:8]), message)
	}
}

func watchMessages(v *spectator, form outputForm, address string) {
	socket := v.socket(address, "framegate.v1")
	if form.heard {
		if err := socket.WriteMessage(websocket.TextMessage, []byte(`{"type":"sound","codecs":["aac"]}`)); err != nil {
			v.t.Fatal(err)
		}
	}
	if got := socket.Subprotocol(); got != "framegate.v1" {
		v.t.Fatalf("subprotocol %q", got)
	}
	v.read = func() (sight, error) {
		kind, message, err := socket.ReadMessage()
		switch {
		case err != nil:
			return sight{}, err
		case kind == websocket.TextMessage:
			return readText(message)
		}
		return v.payload(message)
	}
}

func readText(message []byte) (sight, error) {
	var m struct {
		Type, Camera string
		Frames       int
	}
	err := json.Unmarshal(message, &m)
	switch m.Type {
	case "state":
		return sight{kind: "state", state: m.Camera}, err
	case "drop":
		return sight{kind: "drop", dropped: m.Frames}, err
	}
	return sight{}, err
}

// payload takes a binary message of framegate.v1.
func (v *spectator) payload(b []byte) (seen sight, err error) {
	if len(b) < 32 || b[0] != 1 {
		return sight{}, fmt.Errorf("message % x", b[:min(32, len(b))])
	}
	switch b[1] {
	case 3: // an init segment of sound
		return sight{}, nil
	case 4:
		v.sounds++
		return sight{}, nil
	}
	content := b[32:]
	if offset := binary.BigEndian.Uint32(b[24:]); b[1] == 1 || offset > 0 {
		if len(content) < 8 || int(offset) > len(content) {
			return sight{}, fmt.Errorf("offset %d of %d bytes", offset, len(content))
		}
		seen, err = v.segment(string(content[4:8]), content)
	} else {
		seen.kind = "picture"
		seen.number, err = camtest.ReadJPEGNumber(content)
	}
	seen.anew = binary.BigEndian.Uint16(b[2:])&4 != 0
	seen.wall = time.UnixMicro(int64(binary.BigEndian.Uint64(b[8:])))
	seen.seq = binary.BigEndian.Uint64(b[16:])
	return seen, err
}

// next gives the next thing that matters.
func (v *spectator) next() (sight, error) {
	for {
		seen, err := v.read()
		if err != nil {
			return seen, err
		}
		seen.arrived = time.Now()
		if seen.kind == "state" {
			v.states = append(v.states, seen.state)
		}
		if seen.kind != "" {
			return seen, nil
		}
	}
}

// picture gives the next picture that is not shown again, and how many were
// told to be dropped before it.
func (v *spectator) picture() (seen sight, dropped int) {
	v.t.Helper()
	v.patient()
	for {
		seen, err := v.next()
		if err != nil {
			v.t.Fatalf("%s, after picture %d: %v", v.form.name, v.last, err)
		}
		if seen.kind == "drop" {
			dropped += seen.dropped
		}
		if seen.kind != "picture" || v.form.stills && seen.number == v.last {
			continue
		}
		if seen.number <= v.last {
			v.t.Fatalf("%s: picture %d after %d", v.form.name, seen.number, v.last)
		}
		v.last = seen.number
		return seen, dropped
	}
}

// expect gets picture n, next and whole: no other, and none dropped. It was
// taken when the camera says.
func (v *spectator) expect(camera numbersCamera, n int) {
	v.t.Helper()
	before, first := v.seq, v.last == 0
	seen, dropped := v.picture()
	if seen.number != n || dropped > 0 {
		v.t.Fatalf("%s: picture %d, want %d; %d dropped", v.form.name, seen.number, n, dropped)
	}
	if !first && seen.seq > 0 && seen.seq != before+1 {
		v.t.Fatalf("%s: picture %d has place %d, the one before %d", v.form.name, n, seen.seq, before)
	}
	v.seq = seen.seq
	if !seen.wall.IsZero() {
		if err := camera.taken(n, seen.wall, seen.arrived); err != nil {
			v.t.Errorf("%s: %v", v.form.name, err)
		}
	}
}

// develop decodes all H.264 that came: each fragment is a picture, and shows
// the number that it is labelled with. Sound came where it was asked for, and nowhere
// else.
func (v *spectator) develop() {
	v.t.Helper()
	if (v.sounds > 0) != v.form.heard {
		v.t.Errorf("%s: %d fragments of sound", v.form.name, v.sounds)
	}
	for _, r := range v.reels {
		numbers := decodeNumbers(v.t, r.bytes)
		if fmt.Sprint(numbers) != fmt.Sprint(r.numbers) {
			v.t.Errorf("%s: the fragments are decoded to pictures %v, want %v", v.form.name, numbers, r.numbers)
		}
	}
}

// decodeNumbers has ffmpeg decode a video and reads the pictures' numbers.
func decodeNumbers(t *testing.T, video []byte) (numbers []int) {
	t.Helper()
	decode := exec.CommandContext(t.Context(), "ffmpeg", "-v", "error", "-i", "pipe:0", "-vf", "setpts=N/FR/TB", "-fps_mode", "passthrough", "-f", "rawvideo", "-pix_fmt", "gray", "pipe:1")
	decode.Stdin = bytes.NewReader(video)
	var said bytes.Buffer
	decode.Stderr = &said
	raw, err := decode.Output()
	if err != nil || said.Len() > 0 {
		t.Errorf("decoding %d bytes: %v: %.1000s", len(video), err, &said)
	}
	img := image.NewGray(image.Rect(0, 0, rig.PictureWidth, rig.PictureHeight))
	for picture := range slices.Chunk(raw, len(img.Pix)) {
		copy(img.Pix, picture)
		n, err := camtest.ReadNumber(img)
		if err != nil {
			t.Error(err)
		}
		numbers = append(numbers, n)
	}
	return numbers
}
