package rendition_test

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"framegate/gateway/camtest"
	"framegate/gateway/media"
	"framegate/gateway/rendition"
	"framegate/gateway/stream"
	"framegate/transcode"
)

// TestMain lets the test binary, run again, be an ffmpeg that is slow.
func TestMain(m *testing.M) {
	if filepath.Base(os.Args[0]) == "ffmpeg-slow" {
		if err := beSlow(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(3)
		}
		os.Exit(0)
	}
	transcode.BecomeFFmpeg()
	goleak.VerifyTestMain(m)
}

// Packets of more than large bytes take the slow ffmpeg slowness to encode.
const (
	large    = 3000
	slowness = 150 * time.Millisecond
)

// beSlow is an ffmpeg that takes packets and gives numbered pictures, as fast
// as the packets' sizes say.
func beSlow() error {
	in, out := bufio.NewReader(os.Stdin), os.Stdout
	fmt.Fprint(out, "\x00\nSMJPEG\x00\x00\x00\x00\x00\x00\x00\x00HEND")
	next, header := nextFrame, 32
	if slices.Contains(os.Args, "flv") {
		next, header = nextTag, 13
	}
	if _, err := in.Discard(header); err != nil {
		return err
	}
	interval := uint32(0) // ms between what is encoded
	if found := regexp.MustCompile(`prev_selected_t\\,([0-9.]+)`).FindStringSubmatch(strings.Join(os.Args, " ")); found != nil {
		seconds, err := strconv.ParseFloat(found[1], 64)
		if err != nil {
			return err
		}
		interval = uint32(seconds * 1000)
	}
	picture, last := camtest.Picture(1, 64, 32), uint32(0)
	for {
		at, size, err := next(in)
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		if last > 0 && at < last+interval {
			continue
		}
		last = at
		if size > large {
			time.Sleep(slowness)
		}
		head := binary.BigEndian.AppendUint32([]byte("vidD"), at)
		if _, err := out.Write(append(binary.BigEndian.AppendUint32(head, uint32(len(picture))), picture...)); err != nil {
			return err
		}
	}
}

// nextFrame reads a JPEG, and gives the time that ffmpeg takes it for.
func nextFrame(in *bufio.Reader) (at uint32, size int, err error) {
	var head [12]byte
	if _, err := io.ReadFull(in, head[:]); err != nil {
		return 0, 0, err
	}
	size = int(binary.LittleEndian.Uint32(head[:]))
	_, err = in.Discard(size)
	return 40 * binary.LittleEndian.Uint32(head[4:]), size, err
}

// nextTag reads an access unit.
func nextTag(in *bufio.Reader) (at uint32, size int, err error) {
	for {
		var head [16]byte
		if _, err := io.ReadFull(in, head[:]); err != nil {
			return 0, 0, err
		}
		size = int(head[1])<<16 | int(head[2])<<8 | int(head[3])
		if _, err = in.Discard(size - 5 + 4); err != nil {
			return 0, 0, err
		}
		if head[12] == 1 { // NAL units, and not parameter sets
			dts := uint32(head[7])<<24 | uint32(head[4])<<16 | uint32(head[5])<<8 | uint32(head[6])
			return dts + uint32(head[13])<<16 + uint32(head[14])<<8 + uint32(head[15]), size, nil
		}
	}
}

// slowFfmpeg gives this test's binary under the name by which it is slow.
func slowFfmpeg(t *testing.T) string {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(t.TempDir(), "ffmpeg-slow")
	if err := os.Symlink(self, name); err != nil {
		t.Fatal(err)
	}
	return name
}

// logged is what was logged, from any goroutine.
type logged struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *logged) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(b)
}

func (l *logged) count(s string) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Count(l.b.String(), s)
}

// TestOverloadedEncoderStepsDownAndRecovers shows it in the counters and, once,
// in the log, while the camera goes on at its own rate.
func TestOverloadedEncoderStepsDownAndRecovers(t *testing.T) {
	if testing.Short() {
		t.Skip("takes long")
	}
	for name, kind := range map[string]struct {
		key   string
		frame func(n int, slow bool) media.Frame
	}{
		"JPEG": {"jpeg-q50", func() func(int, bool) media.Frame {
			small := jpegs(t, 0, 1, 64, 32)[0]
			big := small
			big.Data = camtest.PadTo(small.Data, large+1)
			return func(_ int, slow bool) media.Frame {
				if slow {
					return big
				}
				return small
			}
		}()},
		"H.264": {"jpeg", func() func(int, bool) media.Frame {
			format := h264s(t, 0, 1, 64, 32)[0].Format
			return func(n int, slow bool) media.Frame {
				f := media.Frame{Key: n%10 == 0, Format: format, Data: make([]byte, 100)}
				if slow {
					f.Data = make([]byte, large+1)
				}
				return f
			}
		}()},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, "")
			slots, said := rendition.NewSlots(2, 1000), new(logged)
			r.hub = stream.New(stream.Options{Linger: time.Millisecond, Resolve: func(k stream.Key) (stream.Source, error) {
				if k.Rendition == "" {
					return r.camera, nil
				}
				request, _ := rendition.ParseKey(k.Rendition)
				source := rendition.New(rendition.Options{
					Hub: r.hub, Camera: k.Camera, Request: request, FFmpeg: slowFfmpeg(t), Slots: slots,
					Log: slog.New(slog.NewTextHandler(said, nil)),
				})
				source.Hasten()
				return source, nil
			}})
			t.Cleanup(r.hub.Close)
			reader := r.open(kind.key)
			n := 0
			play := func(slow bool, until func(rendition.EncoderStats) bool) {
				t.Helper()
				for deadline := time.Now().Add(ceiling); ; n++ {
					if time.Now().After(deadline) {
						t.Fatalf("it does not come to that: %+v", slots.Stats())
					}
					if s := slots.Stats(); len(s.Encoders) == 1 && until(s.Encoders[0]) {
						return
					}
					f := kind.frame(n, slow)
					f.PTS, f.Wall = time.Duration(n+1)*20*time.Millisecond, wall(n)
					r.camera.emits <- f
					time.Sleep(20 * time.Millisecond)
				}
			}
			steady, lost := n, uint64(0) // since when no frame was lost
			play(true, func(e rendition.EncoderStats) bool {
				if e.FPS == 0 || e.Dropped > lost {
					steady, lost = n, e.Dropped
				}
				return n-steady == 30
			})
			low := slots.Stats()
			if low.StepDowns == 0 || low.Dropped == 0 || low.Encoders[0].Stream.Rendition != kind.key || low.Encoders[0].Dropped != low.Dropped {
				t.Errorf("when it is too slow: %+v", low)
			}
			if said.count("cannot keep up") != 1 || said.count("keeps up again") != 0 {
				t.Errorf("said: %s", said.b.String())
			}
			play(false, func(e rendition.EncoderStats) bool { return e.FPS == 0 })
			if said.count("cannot keep up") != 1 || said.count("keeps up again") != 1 {
				t.Errorf("said: %s", said.b.String())
			}
			for last := time.Duration(0); reader.State() == stream.Online; {
				f, ok, err := reader.TryNext()
				if !ok || err != nil {
					break
				}
				if f.PTS <= last {
					t.Errorf("a picture of %v after one of %v", f.PTS, last)
				}
				last = f.PTS
			}
			for _, s := range r.hub.Stats() {
				if s.Failures > 0 {
					t.Errorf("%v failed: %v", s.Key, s.LastError)
				}
			}
		})
	}
}

// TestEncodersThatWaitAreCounted has more renditions than slots.
func TestEncodersThatWaitAreCounted(t *testing.T) {
	r := newRig(t, "") // with four slots
	frame := jpegs(t, 1, 1, 640, 352)[0]
	var readers []*stream.Reader
	for _, key := range []string{"jpeg-w160", "jpeg-w240", "jpeg-w320", "jpeg-w480", "jpeg-w540"} {
		readers = append(readers, r.open(key))
	}
	r.camera.emits <- frame
	await(t, func() bool { s := r.slots.Stats(); return s.Running == 4 && s.Waiting == 1 && s.Starts == 4 })
	waiting := ""
	for _, e := range r.slots.Stats().Encoders {
		if e.Waiting {
			waiting = e.Stream.Rendition
		}
	}
	for i, key := range []string{"jpeg-w160", "jpeg-w240", "jpeg-w320", "jpeg-w480", "jpeg-w540"} {
		if key != waiting {
			readers[i].Close()
			break
		}
	}
	await(t, func() bool { s := r.slots.Stats(); return s.Running == 4 && s.Waiting == 0 && s.Starts == 5 })
}
