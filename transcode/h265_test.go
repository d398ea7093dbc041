package transcode_test

import (
	"bytes"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"framegate/gateway/camtest"
	"framegate/gateway/media"
	"framegate/gateway/mp4"
	"framegate/gateway/playback/tape"
	"framegate/transcode"
)

// encodedH265 gives numbered pictures as H.265, ten a second, with parameters of
// libx265 and options of ffmpeg. The capture time of picture n is n seconds after
// 1970.
func encodedH265(t *testing.T, count int, params string, options ...string) []transcode.Packet {
	t.Helper()
	needFfmpeg(t)
	options = append([]string{"-c:v", "libx265", "-preset", "ultrafast", "-tag:v", "hvc1", "-x265-params", "log-level=none:" + params}, options...)
	packets := packetsOf(tape.Numbered(t, 0, count, testWidth, testHeight, options...))
	for i := range packets {
		packets[i].Wall = time.Unix(int64(packets[i].PTS/(100*time.Millisecond)), 0)
	}
	return packets
}

// packetsOf gives frames as packets. The first one's time is 0.
func packetsOf(frames []media.Frame) []transcode.Packet {
	packets := make([]transcode.Packet, len(frames))
	for i, f := range frames {
		packets[i] = transcode.Packet{PTS: f.PTS - frames[0].PTS, Key: f.Key, Data: f.Data, Config: f.Format.Config}
	}
	return packets
}

// ofH265 has packets decoded.
func ofH265(t *testing.T, packets []transcode.Packet, s transcode.Spec) *transcode.Process {
	t.Helper()
	s.In, s.Config, s.InWidth, s.InHeight = transcode.H265, packets[0].Config, testWidth, testHeight
	return start(t, s)
}

// expectH265 wants a picture to be this one, with its times.
func expectH265(t *testing.T, p transcode.Packet, n int) {
	t.Helper()
	got, err := camtest.ReadJPEGNumber(p.Data)
	if err != nil || got != n || !p.Wall.Equal(time.Unix(int64(n), 0)) {
		t.Fatalf("picture %d reads %d, %v, taken at %d", n, got, err, p.Wall.Unix())
	}
}

// expectH265Each wants each picture of a decoder as itself, when so many more
// than are out were written.
func expectH265Each(t *testing.T, p *transcode.Process, packets []transcode.Packet, behind int) {
	t.Helper()
	late := time.AfterFunc(time.Minute, p.Close)
	defer late.Stop()
	shown := 0
	expect := func() {
		picture, err := p.Read()
		if err != nil {
			t.Fatalf("picture %d: %v", shown, err)
		}
		expectH265(t, picture, shown)
		shown++
	}
	for n, packet := range packets {
		if err := p.Write(packet); err != nil {
			t.Fatalf("packet %d: %v", n, err)
		}
		for shown <= n-behind {
			expect()
		}
	}
	p.CloseWrite()
	for shown < len(packets) {
		expect()
	}
}

// TestH265IsNotHeldBack decodes what cameras' encoders make: no picture waits for
// more than those that are shown before it and come later.
func TestH265IsNotHeldBack(t *testing.T) {
	const count = 30
	for name, c := range map[string]struct {
		behind  int // packets that are written before a picture comes out
		params  string
		options []string
	}{
		"in order":             {0, "bframes=0", nil},
		"slices":               {0, "bframes=0:slices=2", nil},
		"sets said again":      {0, "bframes=0:repeat-headers=1", nil},
		"no rate":              {0, "bframes=0:vui-timing-info=0", nil},
		"one B-frame":          {1, "bframes=1:b-adapt=0", nil},
		"pyramids of B-frames": {2, "bframes=3:b-adapt=0:open-gop=0", nil},
		"open GOPs":            {2, "bframes=3:b-adapt=0:open-gop=1:keyint=12:min-keyint=12", nil},
		"10 bits":              {0, "bframes=0", []string{"-pix_fmt", "yuv420p10le"}},
		"4:2:2":                {0, "bframes=0", []string{"-pix_fmt", "yuv422p"}},
		"4:2:2 of 10 bits":     {0, "bframes=0", []string{"-pix_fmt", "yuv422p10le"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			packets := encodedH265(t, count, c.params, c.options...)
			expectH265Each(t, ofH265(t, packets, transcode.Spec{Out: transcode.JPEG}), packets, c.behind)
			asH264 := ofH265(t, packets, transcode.Spec{Out: transcode.H264, Width: 160, Height: 88})
			if c.behind > 0 {
				return
			}
			const profileMain = 77 // 4:2:0 of 8 bits (ITU-T H.264, A.2.2)
			for n, packet := range lockstep(t, asH264, packets) {
				if packet.PTS != packets[n].PTS || packet.Config[1] != profileMain {
					t.Errorf("frame %d at %v, not %v, of profile %d", n, packet.PTS, packets[n].PTS, packet.Config[1])
				}
			}
		})
	}
}

// TestTimesOfH265ThatDoNotRise is TestTimesThatDoNotRise for H.265.
func TestTimesOfH265ThatDoNotRise(t *testing.T) {
	const count = 36
	for kind, c := range map[string]struct {
		behind int
		params string
	}{
		"in order":  {0, "bframes=0:keyint=12:min-keyint=12"},
		"open GOPs": {2, "bframes=3:b-adapt=0:open-gop=1:keyint=12:min-keyint=12"},
	} {
		packets := encodedH265(t, count, c.params)
		for name, told := range camtest.OddTimes {
			t.Run(kind+", "+name, func(t *testing.T) {
				t.Parallel()
				packets := slices.Clone(packets)
				for n := range packets {
					packets[n].PTS = told(n, packets[n].PTS*4/10) // 40 ms apart
				}
				expectH265Each(t, ofH265(t, packets, transcode.Spec{Out: transcode.JPEG}), packets, c.behind)
			})
		}
	}
}

// TestH265IsLeftOutByTime: what is old, too much or not wanted is decoded, and
// not encoded.
func TestH265IsLeftOutByTime(t *testing.T) {
	t.Parallel()
	packets := encodedH265(t, 30, "bframes=2:b-adapt=0:open-gop=0:keyint=30")
	for name, c := range map[string]struct {
		spec transcode.Spec
		want []int
	}{
		"all":     {transcode.Spec{}, count(0, 30, 1)},
		"whole":   {transcode.Spec{Whole: true}, count(0, 30, 1)},
		"hurried": {transcode.Spec{Hurry: 25}, append([]int{0}, count(25, 30, 1)...)},
		"unshown": {transcode.Spec{Hurry: 25, Unshown: true}, count(25, 30, 1)},
		"thinned": {transcode.Spec{MaxFPS: 2}, count(0, 30, 5)},
		"skipped": {transcode.Spec{Skip: 1700 * time.Millisecond, Whole: true}, count(17, 30, 1)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c.spec.Out = transcode.JPEG
			p := ofH265(t, packets, c.spec)
			go func() { // ends with the process
				for _, packet := range packets {
					if p.Write(packet) != nil {
						return
					}
				}
				p.CloseWrite()
			}()
			pictures := drained(t, p)
			if len(pictures) != len(c.want) {
				t.Fatalf("%d pictures, want %v", len(pictures), c.want)
			}
			for i, n := range c.want {
				expectH265(t, pictures[i], n)
			}
		})
	}
}

func count(from, to, step int) (all []int) {
	for n := from; n < to; n += step {
		all = append(all, n)
	}
	return all
}

// TestBitrateOfH265IsKept where nothing tells a rate.
func TestBitrateOfH265IsKept(t *testing.T) {
	needFfmpeg(t)
	t.Parallel()
	const bitrate = 750_000 // as TestBitrateIsKept has it
	b := camtest.Output(t, nil, "ffmpeg", "-v", "error", "-f", "lavfi", "-i", "color=gray:s=320x176:r=25:d=2,noise=alls=60:allf=t",
		"-c:v", "libx265", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-tag:v", "hvc1", "-x265-params", "log-level=none:bframes=0:vui-timing-info=0",
		"-f", "mp4", "-movflags", "frag_every_frame+empty_moov+default_base_moof", "pipe:1")
	p := start(t, transcode.Spec{In: transcode.H265, Config: configOf(t, b), Out: transcode.H264, Width: 640, Height: 360})
	bytes, packets := 0, moviePackets(t, b)
	for _, packet := range lockstep(t, p, packets) {
		bytes += len(packet.Data)
	}
	if want := bitrate / 8 * len(packets) / 25; bytes < want/2 || bytes > 2*want {
		t.Errorf("%d bytes, want about %d", bytes, want)
	}
}

func configOf(t testing.TB, movie []byte) []byte {
	t.Helper()
	format, _, err := mp4.ReadInit(movie)
	if err != nil {
		t.Fatal(err)
	}
	return format.Config
}

// moviePackets reads an MP4 of fragments of one picture each.
func moviePackets(t testing.TB, movie []byte) (packets []transcode.Packet) {
	t.Helper()
	_, timescale, err := mp4.ReadInit(movie)
	if err != nil {
		t.Fatal(err)
	}
	for b := movie[bytes.Index(movie, []byte("moof"))-4:]; ; {
		f, n, err := mp4.ReadFragment(b)
		if err == io.EOF {
			return packets
		}
		if err != nil {
			t.Fatal(err)
		}
		at := time.Duration(int64(f.DecodeTime)+int64(f.Offset)) * time.Second / time.Duration(timescale)
		packets = append(packets, transcode.Packet{PTS: at, Key: f.Key, Data: f.Data})
		b = b[n:]
	}
}

// TestH265IsTried with programs that decode it, and do not.
func TestH265IsTried(t *testing.T) {
	needFfmpeg(t)
	t.Parallel()
	if err := transcode.CheckH265(t.Context(), ""); err != nil {
		t.Error(err)
	}
	without := writeProgram(t, "#!/bin/sh\ncase \"$*\" in *hevc*) echo \"Codec (hevc) not\" >&2; echo on whitelist >&2; exit 1; esac\nexec ffmpeg \"$@\"\n")
	if err := transcode.Check(t.Context(), without); err != nil {
		t.Error(err)
	}
	if err := transcode.CheckH265(t.Context(), without); err == nil || !strings.Contains(err.Error(), "Codec (hevc) not") || strings.Contains(err.Error(), "\n") {
		t.Errorf("got %v", err)
	}
}
