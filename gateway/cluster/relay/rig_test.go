package relay_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"fmt"
	"log"
	"net"
	"net/http"
	"os/exec"
	"sync"
	"testing"
	"time"

	"github.com/bluenviron/mediacommon/v2/pkg/codecs/h264"
	"go.uber.org/goleak"

	"framegate/gateway/camtest"
	"framegate/gateway/cluster"
	"framegate/gateway/cluster/relay"
	"framegate/gateway/delivery"
	"framegate/gateway/httplimit"
	"framegate/gateway/media"
	"framegate/gateway/output/live"
	"framegate/gateway/stream"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// soon is what anything that a test waits for may take.
const soon = 20 * time.Second

var (
	front      = stream.Key{Camera: "front"}
	smaller    = stream.Key{Camera: "front", Rendition: "jpeg-64x"}
	jpegFormat = &media.Format{Codec: media.JPEG, Width: 64, Height: 32}
)

// site is node a, which owns the camera front, of which the test gives the frames,
// and node b.
type site struct {
	t        testing.TB
	ids      map[string]*cluster.Identity
	hub      *stream.Hub // of a
	door     *relay.Door
	address  string
	frames   chan media.Frame
	taken    chan struct{}
	wrong    chan error // ends the camera's run
	lent     chan func(media.Frame)
	counters relay.Counters
	tree     relay.Tree // of b
}

func newSite(t testing.TB) *site {
	s := &site{t: t, ids: make(map[string]*cluster.Identity), frames: make(chan media.Frame), taken: make(chan struct{}), wrong: make(chan error), lent: make(chan func(media.Frame))}
	authority, err := cluster.MakeAuthority(t.TempDir(), "yard")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"a", "b"} {
		token, err := authority.Token(name)
		if err != nil {
			t.Fatal(err)
		}
		if s.ids[name], err = cluster.Join(t.TempDir(), token); err != nil {
			t.Fatal(err)
		}
	}
	s.hub = stream.New(stream.Options{Resolve: func(k stream.Key) (stream.Source, error) {
		if k != front {
			return encoder{}, nil
		}
		return s, nil
	}})
	t.Cleanup(s.hub.Close)
	player := live.New(delivery.Options{Hub: s.hub})
	s.door = &relay.Door{
		Self:   "a",
		NodeOf: func(r *http.Request) string { return cluster.NodeOf(*r.TLS) },
		Status: func(http.ResponseWriter, *http.Request) {}, Relays: func(http.ResponseWriter, *http.Request) {},
		Show: func(w http.ResponseWriter, r *http.Request, ask relay.Ask) error {
			if ask.Epoch != 1 {
				return relay.ErrElsewhere
			}
			choice := live.Choice{Header: relay.Header([]string{"a"}), H264: front, JPEG: ask.Key, Why: func(failed *stream.SourceError) string { return failed.Err.Error() }}
			if r.URL.RawQuery = "codec=jpeg"; ask.Key == front {
				choice.Own, r.URL.RawQuery = front, ""
				choice.AAC, choice.Opus = stream.Key{Camera: "front", Rendition: "aac"}, stream.Key{Camera: "front", Rendition: "opus"}
			}
			return player.ServeWebSocket(w, r, choice, stream.Client{Address: "b", Node: true})
		},
	}
	under, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s.address = under.Addr().String()
	server := &http.Server{Handler: s.door.Handler(), ErrorLog: log.New(t.Output(), "", 0)}
	limits := httplimit.Limits{HeaderTimeout: soon, HeaderBytes: 16 << 10, IdleTimeout: soon, Patience: soon, Room: func() httplimit.Room { return httplimit.Room{All: 100, PerAddress: 100} }}
	listener := tls.NewListener(httplimit.Put(limits, server, under, func(string) {}), s.ids["a"].TLS(""))
	var serving sync.WaitGroup
	serving.Go(func() { _ = server.Serve(listener) }) // ends by Close
	t.Cleanup(func() { player.Close(); server.Close(); serving.Wait() })
	return s
}

// dialer connects to nodes as one of them.
func dialer(id *cluster.Identity, where func(node string) (string, bool)) func(context.Context, string) (net.Conn, error) {
	return func(ctx context.Context, node string) (net.Conn, error) {
		address, _ := where(node)
		return (&tls.Dialer{Config: id.TLS(node)}).DialContext(ctx, "tcp", address)
	}
}

func at(address string) func(string) (string, bool) {
	return func(string) (string, bool) { return address, true }
}

// encoder is the source of a rendition, which gives pictures by itself.
type encoder struct{}

func (encoder) Run(ctx context.Context, emit func(media.Frame)) error {
	for n := 1; ctx.Err() == nil; n++ {
		emit(picture(n))
		time.Sleep(time.Millisecond) // its pace
	}
	return nil
}

// Run is the camera's source.
func (s *site) Run(ctx context.Context, emit func(media.Frame)) error {
	for {
		select {
		case f := <-s.frames:
			emit(f)
			s.taken <- struct{}{}
		case s.lent <- emit: // and waits meanwhile
		case err := <-s.wrong:
			return err
		case <-ctx.Done():
			return nil
		}
	}
}

// give hands out frames, and returns when the owner's hub has them.
func (s *site) give(frames ...media.Frame) {
	s.t.Helper()
	for _, f := range frames {
		select {
		case s.frames <- f:
			<-s.taken
		case <-time.After(soon):
			s.t.Fatal("nobody runs the camera")
		}
	}
}

// options are those of a relay of a stream to node b.
func (s *site) options(key stream.Key) relay.Options {
	return relay.Options{Key: key, Owner: "a", Epoch: 1, Self: "b", Dial: dialer(s.ids["b"], at(s.address)), Tree: &s.tree, Lives: func(string) bool { return false }, MaxFrameBytes: 1 << 20, Counters: &s.counters}
}

// edge is the hub of node b, which relays what it is asked for by these options.
func (s *site) edge(options func(stream.Key) relay.Options) *stream.Hub {
	hub := stream.New(stream.Options{Linger: time.Millisecond, Resolve: func(k stream.Key) (stream.Source, error) { return relay.New(options(k)), nil }})
	s.t.Cleanup(hub.Close)
	return hub
}

func (s *site) open(hub *stream.Hub, key stream.Key, options stream.ReadOptions) *stream.Reader {
	s.t.Helper()
	r, err := hub.Open(key, options)
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(r.Close)
	return r
}

// next gives the next frame, or the error instead.
func (s *site) next(r *stream.Reader) (media.Frame, error) {
	ctx, cancel := context.WithTimeout(context.Background(), soon)
	defer cancel()
	return r.Next(ctx)
}

// began is when the pictures of tests begin, and taken when one of them was taken.
var began = time.Now().Add(-time.Hour).Truncate(time.Microsecond)

func taken(n int) time.Time { return began.Add(time.Duration(n) * 40 * time.Millisecond) }

func picture(n int) media.Frame {
	return media.Frame{Key: true, Data: camtest.Picture(n, 64, 32), Format: jpegFormat, Wall: taken(n)}
}

// clip gives numbered pictures as H.264, as a real encoder makes them, the first alone
// a keyframe.
var clip = sync.OnceValues(func() (frames []media.Frame, err error) {
	const delimiter = "\x00\x00\x00\x01\x09"
	var in bytes.Buffer
	for n := range 10 {
		in.Write(camtest.Picture(n, 160, 96))
	}
	ffmpeg := exec.Command("ffmpeg", "-nostdin", "-loglevel", "error", "-f", "image2pipe", "-framerate", "25", "-c:v", "mjpeg", "-i", "pipe:0",
		"-c:v", "libx264", "-preset", "superfast", "-tune", "zerolatency", "-pix_fmt", "yuv420p", "-x264-params", "aud=1:scenecut=0", "-f", "h264", "pipe:1")
	ffmpeg.Stdin = &in
	out, err := ffmpeg.Output()
	var framer media.H264Framer
	for unit := range bytes.SplitSeq(out, []byte(delimiter)) {
		if len(unit) == 0 || err != nil {
			continue
		}
		var nalus h264.AnnexB
		if err := nalus.Unmarshal(append([]byte(delimiter), unit...)); err != nil {
			return nil, err
		}
		f, ok, err := framer.Frame(nalus)
		if err != nil || !ok {
			return nil, fmt.Errorf("access unit %d: %w", len(frames), err)
		}
		f.PTS = time.Duration(len(frames)) * 40 * time.Millisecond
		f.Wall = taken(len(frames))
		frames = append(frames, f)
	}
	return frames, err
})

// silentListener takes connections and says nothing.
func silentListener(t *testing.T) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l.Addr().String()
}
