package device

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"image"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"framegate/gateway/camtest"
	"framegate/gateway/media"
	"framegate/gateway/stream"
)

// generous is how long a test waits for what ought to come soon.
const generous = 30 * time.Second

// The size of the numbered pictures, in pixels.
const width, height = 160, 96

// peer starts a program that ends with the test at the latest.
func peer(t *testing.T, stdin io.Reader, program string, args ...string) *exec.Cmd {
	t.Helper()
	camtest.Need(t, program)
	cmd := exec.Command(program, args...)
	var stderr bytes.Buffer
	cmd.Stdin, cmd.Stderr = stdin, &stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
		if t.Failed() {
			t.Logf("%s said: %s", program, stderr.String())
		}
	})
	return cmd
}

// numbers writes a file of numbered pictures, from one number up to below
// another.
func numbers(t *testing.T, from, to int) string {
	t.Helper()
	var b bytes.Buffer
	for n := from; n < to; n++ {
		b.Write(camtest.Picture(n, width, height))
	}
	name := filepath.Join(t.TempDir(), "numbers.mjpeg")
	if err := os.WriteFile(name, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

// ffmpegArgs give what makes ffmpeg a sender of a file of numbers, 25 to a
// second of media time.
func ffmpegArgs(file, encoder, to string) []string {
	args := "-nostdin -loglevel error -framerate 25 -f mjpeg -i " + file + " -c:v libx264 -threads 1 -pix_fmt yuv420p -g 25 " + encoder + " -f mpegts " + to
	return strings.Fields(args)
}

// decode gives the numbers of frames in the order in which they are shown.
func decode(t *testing.T, frames []media.Frame) []int {
	t.Helper()
	var in, out bytes.Buffer
	for _, f := range frames {
		if f.Key {
			for _, set := range slices.Concat(f.Format.ParameterSets()) {
				in.WriteString("\x00\x00\x00\x01" + string(set))
			}
		}
		for b := f.Data; len(b) > 0; {
			n := 4 + binary.BigEndian.Uint32(b)
			in.WriteString("\x00\x00\x00\x01" + string(b[4:n]))
			b = b[n:]
		}
	}
	demuxer := map[media.Codec]string{media.H264: "h264", media.H265: "hevc"}[frames[0].Format.Codec]
	cmd := exec.Command("ffmpeg", strings.Fields("-loglevel error -f "+demuxer+" -i pipe:0 -fps_mode passthrough -f rawvideo -pix_fmt gray pipe:1")...)
	cmd.Stdin, cmd.Stdout = &in, &out
	if err := cmd.Run(); err != nil {
		t.Fatalf("decoding: %v", err)
	}
	var found []int
	for pixels := range slices.Chunk(out.Bytes(), width*height) {
		n, err := camtest.ReadNumber(&image.Gray{Pix: pixels, Stride: width, Rect: image.Rect(0, 0, width, height)})
		if err != nil {
			t.Fatal(err)
		}
		found = append(found, n)
	}
	return found
}

// wantCount wants consecutive numbers, as many as there are frames.
func wantCount(t *testing.T, found []int, first, frames int) {
	t.Helper()
	for i, n := range found {
		if n != first+i {
			t.Fatalf("the numbers shown are %v, want them to count from %d", found, first)
		}
	}
	if len(found) != frames {
		t.Errorf("%d pictures were decoded, want %d", len(found), frames)
	}
}

// wantEven wants media times 40 ms apart, in the order in which they are shown.
func wantEven(t *testing.T, frames []media.Frame) {
	t.Helper()
	var times []time.Duration
	for _, f := range frames {
		times = append(times, f.PTS)
	}
	slices.Sort(times)
	for i := range times[1:] {
		if gap := times[i+1] - times[i]; gap.Round(time.Millisecond) != 40*time.Millisecond {
			t.Errorf("picture %d comes %v after the one before, want 40ms", i+1, gap)
		}
	}
}

// collectUntil runs a source until it ends, again and again as a stream does, until
// it has given some frames; 0 takes all up to the end of the run that had any.
func collectUntil(t *testing.T, s *TransportStream, count int) []media.Frame {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), generous)
	defer cancel()
	var frames []media.Frame
	for {
		err := s.Run(ctx, func(f media.Frame) {
			if frames = append(frames, f); len(frames) == count {
				cancel()
			}
		})
		switch {
		case count > 0 && len(frames) >= count, count == 0 && len(frames) > 0 && ctx.Err() == nil:
			return frames
		case ctx.Err() != nil:
			t.Fatalf("%d frames of %d, then %v", len(frames), count, err)
		}
		time.Sleep(10 * time.Millisecond) // until the sender listens
	}
}

// heldAddress gives an address to listen on to peers that cannot say which they
// took. Nobody else gets it until the test ends.
func heldAddress(t *testing.T) string {
	t.Helper()
	port, release, err := camtest.HoldPort()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(release)
	return net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
}

// listening makes a source with a listener of which the address is known.
func listening(t *testing.T) (*TransportStream, string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	address, taken := l.Addr().String(), false
	return NewTransportStream(TransportStreamOptions{
		Address: address, Listen: true,
		ListenTCP: func(ctx context.Context, network, address string) (net.Listener, error) {
			if !taken {
				taken = true
				return l, nil
			}
			return new(net.ListenConfig).Listen(ctx, network, address)
		},
	}), address
}

var encoders = map[string]string{
	"without B-frames":    "-tune zerolatency -bf 0",
	"with B-frames":       "-bf 3 -b_strategy 0 -refs 4",
	"with several slices": "-tune zerolatency -x264-params slices=4:sliced-threads=0",
	"without delimiters":  "-tune zerolatency -x264-params aud=0:repeat-headers=1",
	"at a constant rate":  "-tune zerolatency -muxrate 3M -pes_payload_size 0",
	"of H.265":            "-c:v libx265 -preset ultrafast -tune zerolatency -x265-params log-level=none",
	"of H.265, open GOPs": "-c:v libx265 -preset ultrafast -x265-params log-level=none:open-gop=1:bframes=3:b-adapt=0:keyint=12:min-keyint=12:slices=2:ctu=16",
}

func TestFFmpegIsDialled(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	for name, encoder := range encoders {
		t.Run(name, func(t *testing.T) {
			address := heldAddress(t)
			peer(t, nil, "ffmpeg", ffmpegArgs(numbers(t, 0, 60), encoder, "tcp://"+address+"?listen=1")...)
			frames := collectUntil(t, NewTransportStream(TransportStreamOptions{Address: address}), 0)
			wantCount(t, decode(t, frames), 0, len(frames))
			wantEven(t, frames)
			if len(frames) < 59 || frames[0].Format.Width != width || frames[0].Format.Height != height {
				t.Errorf("%d frames of 60, format %+v", len(frames), *frames[0].Format)
			}
		})
	}
}

func TestFFmpegDials(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	for name, encoder := range encoders {
		t.Run(name, func(t *testing.T) {
			source, address := listening(t)
			peer(t, nil, "ffmpeg", ffmpegArgs(numbers(t, 0, 60), encoder, "tcp://"+address)...)
			frames := collectUntil(t, source, 50)
			found := decode(t, frames)
			wantCount(t, found[:min(45, len(found))], 0, 45) // of the last ones the B-frames have not come
		})
	}
}

// TestFFmpegSendsSound beside its pictures: all of it, without a hole, as long as they
// are.
func TestFFmpegSendsSound(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	const sound = "-filter_complex sine=sample_rate=48000:duration=2.4[a] -map 0:v -map [a] -tune zerolatency -bf 0 -c:a "
	for encoder, codec := range map[string]media.Codec{"aac": media.AAC, "libopus": media.Opus} {
		t.Run(encoder, func(t *testing.T) {
			address := heldAddress(t)
			peer(t, nil, "ffmpeg", ffmpegArgs(numbers(t, 0, 60), sound+encoder, "tcp://"+address+"?listen=1")...)
			var pictures, heard []media.Frame
			for _, f := range collectUntil(t, NewTransportStream(TransportStreamOptions{Address: address}), 0) {
				switch {
				case f.Format.Codec.Kind() == media.Video:
					pictures = append(pictures, f)
				case len(f.Data) > 0:
					heard = append(heard, f)
				}
			}
			wantCount(t, decode(t, pictures), 0, len(pictures))
			wantEven(t, pictures)
			if len(pictures) < 59 || len(heard) == 0 || heard[0].Format.Codec != codec {
				t.Fatalf("%d pictures of 60, and %d frames of sound", len(pictures), len(heard))
			}
			end := heard[0].PTS
			for _, f := range heard {
				if off := f.PTS - end; off.Abs() > time.Millisecond {
					t.Fatalf("sound at %v, where what was before it ends at %v", f.PTS, end)
				}
				end = f.PTS + f.Duration()
			}
			from := heard[0].PTS - pictures[0].PTS // what was before the first picture is left out
			if long := end - pictures[0].PTS; from > time.Second/2 || long < 2300*time.Millisecond || long > 2600*time.Millisecond {
				t.Errorf("sound from %v to %v, of 2.4s of pictures", from, long)
			}
		})
	}
}

// TestGStreamerDials has a muxer that says how long its PES packets are.
func TestGStreamerDials(t *testing.T) {
	camtest.Need(t, "ffmpeg", "gst-launch-1.0")
	for _, element := range []string{"qtdemux", "h264parse", "h265parse", "mpegtsmux", "tcpclientsink"} {
		if err := exec.Command("gst-inspect-1.0", element).Run(); err != nil && os.Getenv("FRAMEGATE_TEST_NO_INSTALL") != "" {
			t.Skip("GStreamer's " + element + " is not installed")
		}
	}
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	for name, c := range map[string]struct{ encoder, parser string }{
		"H.264": {"libx264 -bf 2", "h264parse"},
		"H.265": {"libx265 -preset ultrafast -x265-params log-level=none:bframes=2", "h265parse"},
	} {
		t.Run(name, func(t *testing.T) { gstreamerDials(t, c.encoder, c.parser) })
	}
}

func gstreamerDials(t *testing.T, encoder, parser string) {
	source, address := listening(t)
	_, port, _ := net.SplitHostPort(address)
	clip := filepath.Join(t.TempDir(), "clip.mp4")
	if out, err := exec.Command("ffmpeg", strings.Fields("-loglevel error -framerate 25 -f mjpeg -i "+numbers(t, 0, 60)+
		" -c:v "+encoder+" -threads 1 -pix_fmt yuv420p -g 25 "+clip)...).CombinedOutput(); err != nil {
		t.Fatalf("making a clip: %v: %s", err, out)
	}
	peer(t, nil, "gst-launch-1.0", strings.Fields("-q filesrc location="+clip+
		" ! qtdemux ! "+parser+" config-interval=-1 ! mpegtsmux ! tcpclientsink host=127.0.0.1 port="+port)...)
	frames := collectUntil(t, source, 60)
	wantCount(t, decode(t, frames), 0, 60)
	wantEven(t, frames)
}

// TestSenderThatRestarts has a hub watch a sender that is killed and started
// again, with other numbers.
func TestSenderThatRestarts(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	source, address := listening(t)
	hub := stream.New(stream.Options{Resolve: func(stream.Key) (stream.Source, error) { return source, nil }})
	defer hub.Close()
	reader, err := hub.Open(stream.Key{Camera: "drone"}, stream.ReadOptions{Sequential: true})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 2*generous)
	defer cancel()
	var last *media.Format
	for life := range 3 {
		sender := peer(t, nil, "ffmpeg", append([]string{"-re"}, ffmpegArgs(numbers(t, 100*life, 100*life+100), "-tune zerolatency", "tcp://"+address)...)...)
		var frames []media.Frame
		for len(frames) < 10 {
			f, err := reader.Next(ctx)
			if err != nil {
				t.Fatalf("life %d: %v", life, err)
			}
			if f.Format != last || len(frames) > 0 {
				frames, last = append(frames, f), f.Format
			}
		}
		found := decode(t, frames)
		if len(found) == 0 || found[0]/100 != life {
			t.Fatalf("life %d shows %v", life, found)
		}
		wantCount(t, found, found[0], len(frames)) // not from its 0, for a reader begins at the newest keyframe
		sender.Process.Kill()
		sender.Wait()
	}
}

// TestNoPictureIsHeldBack gives ffmpeg each picture only when the one before
// has arrived. Of those that fill their packets to the last byte, about 1 in
// 184, the end cannot be seen: a few may be late.
func TestNoPictureIsHeldBack(t *testing.T) {
	const pictures, mayBeLate = 150, 5
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	source, address := listening(t)
	stdin, feed, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer feed.Close()
	peer(t, stdin, "ffmpeg", strings.Fields("-loglevel error -probesize 32 -analyzeduration 0 -f mpjpeg -i pipe:0"+
		" -c:v libx264 -threads 1 -preset superfast -tune zerolatency -pix_fmt yuv420p -g 30 -f mpegts tcp://"+address)...)
	stdin.Close()
	var arrived atomic.Int64
	news := make(chan struct{}, 1)
	ctx, cancel := context.WithTimeout(t.Context(), 2*generous)
	var running sync.WaitGroup
	running.Go(func() {
		source.Run(ctx, func(media.Frame) {
			arrived.Add(1)
			select {
			case news <- struct{}{}:
			default:
			}
		})
	})
	defer running.Wait()
	defer cancel()
	late, slowest := 0, time.Duration(0)
	for n := range pictures {
		began := time.Now()
		picture := camtest.Picture(n, width, height)
		if _, err := fmt.Fprintf(feed, "--x\r\nContent-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n%s\r\n", len(picture), picture); err != nil {
			t.Fatal(err)
		}
		// Far longer than the machine has taken for any so far is late, but not
		// so long that the sender would be taken to be gone.
		patience := min(max(2*time.Second, 10*slowest), stream.LeastSilence-time.Second)
		if n == 0 {
			patience = generous // it has to wait for ffmpeg
		}
		for soon := time.After(patience); arrived.Load() <= int64(n); {
			select {
			case <-news:
				continue
			case <-soon:
			}
			if late++; late > mayBeLate {
				t.Fatalf("%d of %d pictures came only with the next", late, n+1)
			}
			break
		}
		if took := time.Since(began); n > 0 && arrived.Load() > int64(n) {
			slowest = max(slowest, took)
		}
	}
	t.Logf("%d of %d pictures came only with the next", late, pictures)
}
