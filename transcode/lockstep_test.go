package transcode_test

import (
	"bytes"
	"errors"
	"image"
	"image/color"
	"image/jpeg"
	"io"
	"os/exec"
	"slices"
	"testing"
	"time"

	"framegate/transcode"
	"framegate/transcode/h264"
)

// The pictures of these tests carry their number as a row of sixteen cells,
// black or white, wide enough to survive any encoder.
const (
	testWidth  = 320
	testHeight = 176
	cell       = testWidth / 16
)

func numbered(n, width, height int) []byte {
	img := image.NewYCbCr(image.Rect(0, 0, width, height), image.YCbCrSubsampleRatio422)
	for i := range img.Cb {
		img.Cb[i], img.Cr[i] = 128, 128
	}
	for y := range height {
		for x := range width {
			img.Y[img.YOffset(x, y)] = 20
			if n>>(15-x*16/width)&1 == 1 {
				img.Y[img.YOffset(x, y)] = 235
			}
		}
	}
	var b bytes.Buffer
	if err := jpeg.Encode(&b, img, nil); err != nil {
		panic(err)
	}
	return b.Bytes()
}

func number(t *testing.T, b []byte) int {
	t.Helper()
	img, err := jpeg.Decode(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	n, size := 0, img.Bounds().Size()
	for i := range 16 {
		n <<= 1
		if color.GrayModel.Convert(img.At((2*i+1)*size.X/32, size.Y/2)).(color.Gray).Y > 127 {
			n |= 1
		}
	}
	return n
}

// timed gives the times that packet n has in these tests, 33 ms apart.
func timed(n int, data []byte) transcode.Packet {
	pts := time.Duration(n) * 33 * time.Millisecond
	return transcode.Packet{PTS: time.Hour + pts, Wall: time.Unix(1000, 0).Add(pts), Data: data}
}

func expectTimes(t *testing.T, p transcode.Packet, n int) {
	t.Helper()
	if want := timed(n, nil); p.PTS != want.PTS || !p.Wall.Equal(want.Wall) {
		t.Errorf("packet %d: PTS %v, wall %v; want %v, %v", n, p.PTS, p.Wall, want.PTS, want.Wall)
	}
}

// lockstep writes packets and reads each one's result before it writes the
// next: it would wait for ever if ffmpeg held one back.
func lockstep(t *testing.T, p *transcode.Process, packets []transcode.Packet) []transcode.Packet {
	t.Helper()
	late := time.AfterFunc(time.Minute, p.Close) // a test that fails need not hang
	defer late.Stop()
	out := make([]transcode.Packet, 0, len(packets))
	for n, packet := range packets {
		if err := p.Write(packet); err != nil {
			t.Fatalf("packet %d: %v", n, err)
		}
		result, err := p.Read()
		if err != nil {
			t.Fatalf("packet %d: %v", n, err)
		}
		out = append(out, result)
	}
	return out
}

func numberedPackets(count int) []transcode.Packet {
	packets := make([]transcode.Packet, count)
	for n := range packets {
		packets[n] = timed(n, numbered(n*257, testWidth, testHeight))
	}
	return packets
}

// encoded gives numbered pictures as H.264, made in lockstep.
func encoded(t *testing.T, count int) []transcode.Packet {
	t.Helper()
	needFfmpeg(t)
	p := start(t, transcode.Spec{In: transcode.JPEG, Out: transcode.H264, InWidth: testWidth, InHeight: testHeight})
	return lockstep(t, p, numberedPackets(count))
}

func decoder(t *testing.T, first transcode.Packet, s transcode.Spec) *transcode.Process {
	t.Helper()
	s.In, s.Config, s.Out = transcode.H264, first.Config, transcode.JPEG
	s.InWidth, s.InHeight = testWidth, testHeight
	return start(t, s)
}

func TestNoFrameIsHeldBack(t *testing.T) {
	const count = 120 // more than two GOPs
	h264 := encoded(t, count)
	for n, packet := range h264 {
		if packet.Key != (n%50 == 0) || len(packet.Config) == 0 {
			t.Errorf("packet %d: key %v, configuration of %d bytes", n, packet.Key, len(packet.Config))
		}
		expectTimes(t, packet, n)
	}
	pictures := lockstep(t, decoder(t, h264[0], transcode.Spec{}), h264)
	for n, picture := range pictures {
		expectTimes(t, picture, n)
		if got := number(t, picture.Data); got != n*257 {
			t.Errorf("picture %d reads %d", n, got)
		}
	}
}

// TestSeveralParameterSets decodes GOPs that refer in turns to parameter sets
// of different numbers, all of which the configuration has.
func TestSeveralParameterSets(t *testing.T) {
	needFfmpeg(t)
	const count, gop = 40, 10
	options := []string{"-tune", "zerolatency", "-g", "10", "-x264-params"}
	a, b := encodedWith(t, count, append(options, "sps-id=0")), encodedWith(t, count, append(options, "sps-id=3:cabac=0"))
	spsA, ppsA, errA := h264.ReadAVCC(a[0].Config)
	spsB, ppsB, errB := h264.ReadAVCC(b[0].Config)
	config, err := h264.AVCC(slices.Concat(spsA, spsB), slices.Concat(ppsA, ppsB))
	if err := errors.Join(errA, errB, err); err != nil {
		t.Fatal(err)
	}
	mixed := slices.Clone(a)
	for i := range mixed {
		if i/gop%2 == 1 {
			mixed[i] = b[i]
		}
	}
	for n, picture := range lockstep(t, decoder(t, transcode.Packet{Config: config}, transcode.Spec{}), mixed) {
		if got := number(t, picture.Data); got != n*257 {
			t.Errorf("picture %d reads %d", n, got)
		}
	}
}

// TestTimesGoOnForWeeks has ffmpeg count to where 31 bits end, which are what
// FLV has on the way out, and then to where 32 do.
func TestTimesGoOnForWeeks(t *testing.T) {
	h264 := encoded(t, 60)
	const days25, days49 = 1 << 31 * time.Millisecond, 1 << 32 * time.Millisecond
	sinceBase := func(n int) time.Duration { return 10*time.Second + h264[n].PTS - h264[0].PTS }
	for _, out := range []transcode.Codec{transcode.JPEG, transcode.H264} {
		p := start(t, transcode.Spec{In: transcode.H264, Config: h264[0].Config, Out: out})
		expect := func(from, to int) {
			for i, packet := range lockstep(t, p, h264[from:to]) {
				expectTimes(t, packet, from+i)
			}
		}
		expect(0, 10)
		p.Age(days25 - sinceBase(25)) // which is what 25 is labelled with
		expect(10, 40)
		p.Age(days49 - days25 + sinceBase(25) - sinceBase(50))
		expect(40, 50)
		if err := p.Write(h264[50]); !errors.Is(err, transcode.ErrSpent) {
			t.Errorf("output %d, after 49 days: %v", out, err)
		}
	}
}

// TestH264IsEncodedAnewWithoutDelay has times that are not those of the rate
// that the parameter sets tell, as a camera's are not.
func TestH264IsEncodedAnewWithoutDelay(t *testing.T) {
	h264 := encoded(t, 60)
	p := start(t, transcode.Spec{In: transcode.H264, Config: h264[0].Config, Out: transcode.H264, Width: 160, Height: 88})
	for n, packet := range lockstep(t, p, h264) {
		expectTimes(t, packet, n)
	}
}

func TestJPEGIsScaledWithoutDelay(t *testing.T) {
	needFfmpeg(t)
	p := start(t, transcode.Spec{In: transcode.JPEG, Out: transcode.JPEG, Width: 160, Height: 88, Quality: 50})
	for n, picture := range lockstep(t, p, numberedPackets(40)) {
		expectTimes(t, picture, n)
		if got := number(t, picture.Data); got != n*257 {
			t.Errorf("picture %d reads %d", n, got)
		}
		if c, err := jpeg.DecodeConfig(bytes.NewReader(picture.Data)); err != nil || c.Width != 160 || c.Height != 88 {
			t.Errorf("picture of %dx%d, %v", c.Width, c.Height, err)
		}
	}
}

// TestDroppedPicturesDoNotShiftTheTimes has ffmpeg drop pictures it cannot
// decode.
func TestDroppedPicturesDoNotShiftTheTimes(t *testing.T) {
	needFfmpeg(t)
	for _, out := range []transcode.Codec{transcode.JPEG, transcode.H264} {
		p := start(t, transcode.Spec{In: transcode.JPEG, Out: out})
		packets := numberedPackets(30)
		for n := 3; n < 30; n += 3 {
			packets[n].Data = []byte("\xff\xd8 this is no picture \xff\xd9")
		}
		go func() {
			for _, packet := range packets {
				if p.Write(packet) != nil {
					return
				}
			}
			p.CloseWrite()
		}()
		for n := range 30 {
			if n > 0 && n%3 == 0 {
				continue
			}
			packet, err := p.Read()
			if err != nil {
				t.Fatal(err)
			}
			expectTimes(t, packet, n)
		}
		if _, err := p.Read(); !errors.Is(err, io.EOF) {
			t.Errorf("at the end: %v", err)
		}
	}
}

func TestHurriedBacklogGivesTheFirstAndThePresent(t *testing.T) {
	h264 := encoded(t, 48)
	expectHurried(t, h264, transcode.Spec{Hurry: 40}, 0, 40, 41, 42, 43, 44, 45, 46, 47)
	expectHurried(t, h264, transcode.Spec{Hurry: 40, Unshown: true}, 40, 41, 42, 43, 44, 45, 46, 47)
}

// expectHurried writes all packets, and wants to see these pictures.
func expectHurried(t *testing.T, h264 []transcode.Packet, s transcode.Spec, pictures ...int) {
	t.Helper()
	p := decoder(t, h264[0], s)
	var wrote = make(chan error, 1)
	go func() {
		for _, packet := range h264 {
			if err := p.Write(packet); err != nil {
				wrote <- err
				return
			}
		}
		wrote <- nil
	}()
	for _, want := range pictures {
		picture, err := p.Read()
		if err != nil {
			t.Fatal(err)
		}
		expectTimes(t, picture, want)
		if got := number(t, picture.Data); got != want*257 {
			t.Errorf("picture %d reads %d", want, got)
		}
	}
	if err := <-wrote; err != nil {
		t.Error(err)
	}
}

// TestSmallBacklogKeepsItsTimes writes more packets than are inside otherwise before
// one is read.
func TestSmallBacklogKeepsItsTimes(t *testing.T) {
	const old = 300
	h264 := encoded(t, old+8)
	p := decoder(t, h264[0], transcode.Spec{Hurry: old})
	for n, packet := range h264 {
		if err := p.Write(packet); err != nil {
			t.Fatal(err)
		}
		if n < old && p.Waiting() {
			t.Fatalf("packet %d of %d old ones has to give a picture", n, old)
		}
	}
	if !p.Waiting() {
		t.Error("no packet has to give a picture")
	}
	for _, want := range []int{0, old, old + 1, old + 2} {
		picture, err := p.Read()
		if err != nil {
			t.Fatal(err)
		}
		expectTimes(t, picture, want)
	}
	if inside := p.Inside(); inside > 5 {
		t.Errorf("%d are inside still", inside)
	}
}

func TestRateIsLoweredBeforeTheEncoder(t *testing.T) {
	h264 := encoded(t, 91) // 3 s
	p := decoder(t, h264[0], transcode.Spec{MaxFPS: 5})
	go func() {
		for _, packet := range h264 {
			if p.Write(packet) != nil {
				return
			}
		}
		p.CloseWrite()
	}()
	pictures := 0
	for {
		if _, err := p.Read(); err != nil {
			break
		}
		pictures++
	}
	if pictures < 14 || pictures > 17 {
		t.Errorf("%d pictures of 3 s at 5 a second", pictures)
	}
}

// TestStreamsOfManyKinds decodes what cameras' encoders make: B-frames, several
// slices, several reference frames. Each picture keeps its own capture time.
func TestStreamsOfManyKinds(t *testing.T) {
	needFfmpeg(t)
	for name, options := range map[string][]string{
		"B-frames":   {"-bf", "3", "-b_strategy", "0"},
		"slices":     {"-bf", "0", "-x264-params", "slices=4"},
		"references": {"-bf", "0", "-refs", "5"},
		"long GOP":   {"-bf", "0", "-g", "600"},
	} {
		t.Run(name, func(t *testing.T) {
			h264 := encodedWith(t, 60, options)
			p := decoder(t, h264[0], transcode.Spec{})
			go func() {
				for _, packet := range h264 {
					if p.Write(packet) != nil {
						return
					}
				}
				p.CloseWrite()
			}()
			for n := range 60 {
				picture, err := p.Read()
				if err != nil {
					t.Fatal(n, err)
				}
				if got := number(t, picture.Data); got != n*257 {
					t.Errorf("picture %d reads %d", n, got)
				}
				if want := time.Unix(int64(n), 0); !picture.Wall.Equal(want) {
					t.Errorf("picture %d has the capture time %v", n, picture.Wall.Unix())
				}
			}
		})
	}
}

// encodedWith encodes numbered pictures at 25 a second with ffmpeg's own
// choices. The capture time of picture n is n seconds after 1970.
func encodedWith(t *testing.T, count int, options []string) []transcode.Packet {
	t.Helper()
	var pictures bytes.Buffer
	for n := range count {
		pictures.Write(numbered(n*257, testWidth, testHeight))
	}
	args := append([]string{"-v", "error", "-f", "mjpeg", "-framerate", "25", "-i", "pipe:0", "-c:v", "libx264", "-pix_fmt", "yuv420p"}, options...)
	cmd := exec.Command("ffmpeg", append(args, "-f", "flv", "pipe:1")...)
	cmd.Stdin = &pictures
	b, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	packets, err := transcode.ReadFLV(b)
	if err != nil || len(packets) != count {
		t.Fatalf("%d packets, %v", len(packets), err)
	}
	for i := range packets {
		packets[i].Wall = time.Unix(int64(packets[i].PTS/(40*time.Millisecond)), 0)
	}
	return packets
}
