package nodes

import (
	"bufio"
	"context"
	"crypto/sha1"
	"crypto/tls"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"framegate/gateway/camtest"
	"framegate/gateway/cluster"
	"framegate/gateway/e2e/rig"
	"framegate/gateway/output/live/wire"
)

// liar is a node with a valid certificate, and cameras of its own, of each of which it
// tells others another lie.
type liar struct {
	identity *cluster.Identity
	lies     []lie
	flood    *flood

	mu    sync.Mutex                // guards asked
	asked map[string]map[string]int // how often nodes asked for cameras, by camera and node
}

// lie is what a node answers that is asked for a camera.
type lie struct {
	what string
	tell func(net.Conn, *http.Request)
}

// flood is when what has no end is said. At other times it would take the processors from
// all that is tested besides.
type flood struct {
	begun, over chan struct{}
	end         <-chan struct{} // of the test
}

// camera is the one of a lie.
func (l *liar) camera(i int) string { return fmt.Sprint("phone", i) }

func (l *liar) cameras() (all []string) {
	for i := range l.lies {
		all = append(all, l.camera(i))
	}
	return all
}

// startLiar has d join the nodes of which first has the authority.
func (n nodes) startLiar(t *testing.T, first string) *liar {
	t.Helper()
	id, err := cluster.Join(t.TempDir(), n.token(t, first, http.StatusCreated))
	if err != nil {
		t.Fatal(err)
	}
	l := &liar{identity: id, flood: &flood{make(chan struct{}), make(chan struct{}), t.Context().Done()}, asked: make(map[string]map[string]int)}
	l.lies = lies(l.flood)
	listener, err := tls.Listen("tcp", "127.0.0.1:0", id.TLS(""))
	if err != nil {
		t.Fatal(err)
	}
	var answering sync.WaitGroup
	answering.Go(func() { l.answer(listener, &answering) }) // ends with the listener
	t.Cleanup(func() { listener.Close(); answering.Wait() })
	c, err := cluster.New(cluster.Options{
		Identity: id, Life: uint64(time.Now().UnixMicro()), Listen: "127.0.0.1:0", Seeds: []string{n.bus(t, first)}, Relay: listener.Addr().String(), Version: "a lie",
		Roles: []string{cluster.RoleEdge}, Viewers: func() int { return 0 }, Shown: func() int { return 0 }, Sent: l.cameras,
		Common: func() uint64 { return 0 }, Newer: func() {}, Moved: func([]string) {}, Gone: func(string) {}, Log: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	var cameras []cluster.Camera
	for _, camera := range l.cameras() {
		cameras = append(cameras, cluster.Camera{ID: camera, Sent: true})
	}
	c.Configure(cameras)
	ctx, cancel := context.WithCancel(context.Background())
	var life sync.WaitGroup
	life.Go(func() { c.Run(ctx) })
	t.Cleanup(func() { cancel(); life.Wait(); c.Close() })
	return l
}

// answer answers who connects, until the listener is closed.
func (l *liar) answer(listener net.Listener, answering *sync.WaitGroup) {
	for {
		conn, err := listener.Accept()
		if err != nil {
			return
		}
		answering.Go(func() { // ends when the other side leaves, or after a while
			defer conn.Close()
			_ = conn.SetDeadline(time.Now().Add(rig.Ceiling / 3))
			r, err := http.ReadRequest(bufio.NewReader(conn))
			if err != nil {
				return
			}
			if tell := l.asks(r); tell != nil {
				tell(conn, r)
			}
		})
	}
}

// asks counts a request for a camera, and gives what is answered.
func (l *liar) asks(r *http.Request) func(net.Conn, *http.Request) {
	camera := strings.TrimPrefix(r.URL.Path, "/relay/")
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.asked[camera] == nil {
		l.asked[camera] = make(map[string]int)
	}
	l.asked[camera][r.URL.Query().Get("path")]++
	for i, lie := range l.lies {
		if l.camera(i) == camera {
			return lie.tell
		}
	}
	return nil
}

// askedBy says how often a node asked for a camera.
func (l *liar) askedBy(node, camera string) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.asked[camera][node]
}

// greets answers as a node does that shows a camera, which comes by a path, and then
// with messages.
func greets(path string, messages func(io.Writer)) func(net.Conn, *http.Request) {
	return func(conn net.Conn, r *http.Request) {
		sum := sha1.Sum([]byte(r.Header.Get("Sec-Websocket-Key") + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"))
		fmt.Fprintf(conn, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: %s\r\nSec-WebSocket-Protocol: framegate.v1\r\nFramegate-Path: %s\r\n\r\n",
			base64.StdEncoding.EncodeToString(sum[:]), path)
		messages(conn)
	}
}

// answers answers anything.
func answers(text string) func(net.Conn, *http.Request) {
	return func(conn net.Conn, _ *http.Request) { _, _ = io.WriteString(conn, text) }
}

const isJPEG = `{"type":"hello","codec":"jpeg","width":96,"height":64}`

// frame is one of a WebSocket, that says it has so many bytes.
func frame(first byte, says uint64, payload []byte) []byte {
	b := binary.BigEndian.AppendUint64([]byte{first, 127}, says)
	return append(b, payload...)
}

// text and picture are messages of framegate.v1.
func text(s string) []byte { return frame(0x81, uint64(len(s)), []byte(s)) }

func picture(b []byte, at time.Time) []byte {
	head := make([]byte, wire.HeadSize)
	(&wire.Head{Kind: wire.KindFrame, Flags: wire.FlagKey, Wall: at}).Put(head)
	b = append(head, b...)
	return frame(0x82, uint64(len(b)), b)
}

// says has messages be said, and then the end of the connection be awaited.
func says(all ...[]byte) func(net.Conn, *http.Request) {
	return greets("d", func(w io.Writer) {
		for _, b := range all {
			if _, err := w.Write(b); err != nil {
				return
			}
		}
		_, _ = io.Copy(io.Discard, w.(io.Reader))
	})
}

// endless has a message be said again and again, as long as there is a flood.
func (f *flood) endless(begin, again []byte) func(net.Conn, *http.Request) {
	return greets("d", func(w io.Writer) {
		_, err := w.Write(begin)
		select {
		case <-f.begun:
		case <-f.end:
			return
		}
		for err == nil {
			select {
			case <-f.over:
				_, _ = io.Copy(io.Discard, w.(io.Reader))
				return
			case <-f.end:
				return
			default:
				_, err = w.Write(again)
			}
		}
	})
}

// lies are what a node may answer that is asked for a camera.
func lies(f *flood) []lie {
	wide := camtest.Picture(1, 96, 64)
	for i := range wide[:len(wide)-9] {
		if wide[i] == 0xFF && wide[i+1] == 0xC0 { // SOF0: ITU-T T.81, B.2.2
			copy(wide[i+5:], "\xFF\xFF\xFF\xFF")
			break
		}
	}
	good := camtest.Picture(2, 96, 64)
	noon := time.Now()
	return []lie{
		{"nothing", answers("")},
		{"half an answer", answers("HTTP/1.1 101 Swi")},
		{"no HTTP", answers(strings.Repeat("lies ", 1<<12))},
		{"an endless head", answers("HTTP/1.1 101 Switching Protocols\r\n" + strings.Repeat("A: "+strings.Repeat("x", 1000)+"\r\n", 5000))},
		{"another protocol", answers("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: x\r\n\r\n")},
		{"an endless refusal", answers("HTTP/1.1 500 No\r\nContent-Length: 99999999999\r\n\r\n" + strings.Repeat("no ", 1<<20))},
		{"somebody else has it", answers("HTTP/1.1 307 Elsewhere\r\nFramegate-Node: a\r\nLocation: https://169.254.169.254/\r\nContent-Length: 0\r\n\r\n")},
		{"itself has it", answers("HTTP/1.1 307 Elsewhere\r\nFramegate-Node: d\r\nContent-Length: 0\r\n\r\n")},
		{"nobody has it", answers("HTTP/1.1 307 Elsewhere\r\nFramegate-Node: ../x\r\nContent-Length: 0\r\n\r\n")},
		{"it comes by who asks", greets("a,b,c,d", func(io.Writer) {})},
		{"it comes by nobody", greets("", func(io.Writer) {})},
		{"it comes by many", greets(strings.Repeat("x,", 1000)+"d", func(io.Writer) {})},
		{"a message of 2^64-1 bytes", says(frame(0x82, 1<<64-1, []byte("short")))},
		{"a message of 2^63 bytes", says(frame(0x82, 1<<63, []byte("short")))},
		{"half a message", says(frame(0x82, 30<<20, make([]byte, 1000)))},
		{"a message in pieces", says(frame(0x02, 5, []byte("short")))},
		{"a masked message", says([]byte{0x82, 0x85, 1, 2, 3, 4, 5, 6, 7, 8, 9})},
		{"a ping of 64 kB", says(frame(0x89, 1<<16, make([]byte, 1<<16)))},
		{"pings without end", f.endless(text(isJPEG), []byte{0x89, 4, 1, 2, 3, 4})},
		{"words without end", f.endless(text(isJPEG), text(`{"type":"state","camera":"online"}`))},
		{"no JSON", says(text(strings.Repeat("[", 10_000)))},
		{"a picture of no kind", says(picture(good, noon))},
		{"no picture", says(text(isJPEG), picture([]byte("no picture"), noon))},
		{"half a picture", says(text(isJPEG), picture(good[:len(good)/2], noon))},
		{"a picture of 65535x65535", says(text(isJPEG), picture(wide, noon))},
		{"no header", says(text(isJPEG), frame(0x82, 5, []byte("short")))},
		{"a picture of the year 9999", says(text(isJPEG), picture(good, time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)))},
		{"a picture of long ago", says(text(isJPEG), picture(good, time.UnixMicro(-1<<62)))},
		{"an error of a million letters", says(text(fmt.Sprintf(`{"type":"error","code":-7,"message":%q}`, strings.Repeat("e", 1<<20))))},
		{"an init segment that is none", says(text(`{"type":"hello","codec":"avc1.42c01e"}`), frame(0x82, 36, append([]byte{1, wire.KindInit}, make([]byte, 34)...)))},
		{"sound of a kind that is unsaid", says(text(isJPEG), frame(0x82, 36, append([]byte{1, wire.KindSound}, make([]byte, 34)...)))},
	}
}

// TestNodeThatLies has a node with a valid certificate show what cannot be, ask for what
// nobody asks for, and flood the ports of others: these refuse it, count it, grow no
// larger, and show their own cameras as ever.
func TestNodeThatLies(t *testing.T) {
	t.Parallel()
	rig.Thorough(t)
	camera := clockCamera(t, 2000)
	names := []string{"a", "b"}
	settings := recorded(addressOf(camera))
	for i := range lies(nil) {
		settings += fmt.Sprintf(", phone%d: {source: 'upload:'}", i)
	}
	cluster := startNodes(t, "{"+settings+"}", names...)
	cluster.owner(t, "front", names...)
	viewers := cluster.watchers(t, 2, names...)
	seesMore(t, "viewers", viewers)
	liar := cluster.startLiar(t, "a")
	before := make(map[string]int)
	for _, name := range names {
		for _, phone := range liar.cameras() {
			rig.Await(t, name+" takes the liar for the owner of "+phone, func() bool { return cluster.place(t, name, phone).Node == "d" })
		}
		before[name] = residentBytes(t, cluster[name])
	}

	var victims []*watching
	for _, name := range names {
		for _, phone := range liar.cameras() {
			rig.Await(t, "somebody watches a lie", func() bool { // which may end before anything was shown
				victim, err := cluster.tryToWatch(t, name, phone)
				if err == nil {
					victims = append(victims, victim)
				}
				return err == nil
			})
		}
	}
	for i, lie := range liar.lies {
		for _, name := range names {
			rig.Await(t, lie.what+": the liar is asked", func() bool { return liar.askedBy(name, liar.camera(i)) > 0 })
		}
	}
	close(liar.flood.begun)
	until := viewers[0].newest.Load() + int64(time.Second/pace)
	rig.Await(t, "pictures come in the flood", func() bool { return viewers[0].newest.Load() > until })
	seesMore(t, "viewers of what is no lie", viewers)
	close(liar.flood.over)
	liar.asksFor(t, cluster, viewers)
	for _, name := range names {
		rig.Await(t, name+" counts answers that cannot be", func() bool { return cluster.refused(t, name, "relay_answer") > len(liar.lies)/2 })
		now := residentBytes(t, cluster[name])
		t.Logf("%s had %d kB, and has %d kB with all lies", name, before[name]>>10, now>>10)
		if now > 3*before[name] { // 240 connections and 31 viewers are among it
			t.Errorf("%s grew from %d to %d bytes", name, before[name], now)
		}
		if at := cluster.place(t, name, "front"); at.Node == "d" || at.Node == "" {
			t.Errorf("%s believes that the camera is at %q", name, at.Node)
		}
	}
	for _, v := range victims {
		if v.newest.Load() > 2 {
			t.Errorf("a viewer at %s saw picture %d", v.at, v.newest.Load())
		}
	}
	if camera.Open() != 1 {
		t.Errorf("the camera has %d connections", camera.Open())
	}
}

// asksFor asks a node for what no node asks for, and says to its ports what nobody says.
func (l *liar) asksFor(t *testing.T, cluster nodes, viewers []*watching) {
	t.Helper()
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: l.identity.TLS(""), DisableKeepAlives: true}, Timeout: rig.Ceiling}
	relay := cluster.said(t, "a", relays)
	for _, row := range []struct {
		path   string
		status int
		reason string
	}{
		{"/relay/front?epoch=1&path=b", http.StatusForbidden, "relay_name"},
		{"/relay/front?epoch=1&path=a,d", http.StatusLoopDetected, "relay_loop"},
		{"/relay/front?epoch=1&path=d", http.StatusUpgradeRequired, ""},
		{"/relay/front?epoch=18446744073709551615&path=d", http.StatusMisdirectedRequest, ""},
		{"/relay/front?epoch=18446744073709551616&path=d", http.StatusBadRequest, "relay_query"},
		{"/relay/front?epoch=-1&path=d", http.StatusBadRequest, "relay_query"},
		{"/relay/front?epoch=1&path=" + strings.Repeat("x,", 20) + "d", http.StatusBadRequest, "relay_query"},
		{"/relay/front?epoch=1&path=d&not=" + strings.Repeat("x,", 20), http.StatusBadRequest, "relay_query"},
		{"/relay/front?epoch=1&path=d&rendition=" + strings.Repeat("x", 1000), http.StatusBadRequest, "relay_query"},
		{"/relay/..%2F..%2Fetc?epoch=1&path=d", http.StatusMisdirectedRequest, ""},
		{"/recordings/segments?camera=front&from=yesterday", http.StatusBadRequest, "recordings_query"},
		{"/recordings/file?camera=front&path=../state.db", http.StatusNotFound, ""},
	} {
		before := 0
		if row.reason != "" {
			before = cluster.refused(t, "a", row.reason)
		}
		var answer *http.Response
		rig.Await(t, row.path+" is answered", func() bool { // which a slow machine may not do in time
			var err error
			if answer, err = client.Get("https://" + relay + row.path); err == nil {
				answer.Body.Close()
			}
			return err == nil
		})
		if row.status == http.StatusUpgradeRequired && answer.StatusCode < http.StatusBadRequest || row.status != http.StatusUpgradeRequired && answer.StatusCode != row.status {
			t.Errorf("%.60s is answered %s", row.path, answer.Status)
		}
		if row.reason != "" && cluster.refused(t, "a", row.reason) <= before {
			t.Errorf("%.60s is not counted as %s", row.path, row.reason)
		}
	}
	for _, address := range []string{relay, cluster.bus(t, "a")} {
		for i, what := range []string{"", "GET /", strings.Repeat("PING\r\n", 10_000), "INFO {\"max_payload\":-1}\r\n", "CONNECT {}\r\nRMSG $G framegate.beat 99999999999\r\n", strings.Repeat("\x00\xFF", 1<<18)} {
			for range 20 {
				conn, err := tls.Dial("tcp", address, l.identity.TLS(""))
				if err != nil {
					t.Logf("%d at %s: %v", i, address, err) // it may be full
					continue
				}
				_ = conn.SetDeadline(time.Now().Add(rig.Ceiling))
				_, _ = io.WriteString(conn, what) // it may be closed
				t.Cleanup(func() { conn.Close() })
			}
		}
		seesMore(t, "viewers while ports are flooded", viewers)
	}
}
