package transcode_test

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"syscall"
	"testing"
	"time"

	"framegate/gateway/camtest"
	"framegate/transcode"
)

// The benchmarks of this file decode and encode 1280x720, or what they say, as a live camera
// gives it: 30 pictures a second, one every 33 ms, for eight seconds. Beside
// the CPU that each picture takes stands what ffmpeg takes for the same work at
// the same pace on a file, in turns with it, the median of three rounds each; and
// the delay is from a packet's being written to its picture's being read.
const (
	benchWidth    = 1280
	benchHeight   = 720
	benchFrames   = 240
	benchInterval = time.Second / 30
	benchRounds   = 3
)

// benchClip makes the camera's video with ffmpeg.
func benchClip(b *testing.B) (file string, packets []transcode.Packet) {
	b.Helper()
	file = b.TempDir() + "/clip.flv"
	args := []string{"-v", "error", "-f", "lavfi", "-i", fmt.Sprintf("testsrc2=size=1280x720:rate=30:duration=%d", benchFrames/30),
		"-c:v", "libx264", "-preset", "veryfast", "-bf", "0", "-g", "60", "-b:v", "3M", "-pix_fmt", "yuv420p", file}
	if out, err := exec.Command("ffmpeg", args...).CombinedOutput(); err != nil {
		b.Fatalf("%v: %s", err, out)
	}
	flv, err := os.ReadFile(file)
	if err != nil {
		b.Fatal(err)
	}
	if packets, err = transcode.ReadFLV(flv); err != nil || len(packets) != benchFrames {
		b.Fatalf("%d packets, %v", len(packets), err)
	}
	return file, packets
}

// paced writes packets at the camera's pace and gives the delays of what comes
// out.
func paced(b *testing.B, p *transcode.Process, packets []transcode.Packet) (delays []time.Duration, out []transcode.Packet) {
	b.Helper()
	go func() {
		tick := time.NewTicker(benchInterval)
		defer tick.Stop()
		for _, packet := range packets {
			packet.Wall = time.Now()
			if p.Write(packet) != nil {
				return
			}
			<-tick.C
		}
	}()
	for range packets {
		packet, err := p.Read()
		if err != nil {
			b.Fatal(err)
		}
		delays = append(delays, time.Since(packet.Wall))
		out = append(out, packet)
	}
	p.CloseWrite()
	p.Close()
	return delays, out
}

// onFile gives the CPU that ffmpeg takes for a picture of a file, at its pace.
func onFile(b *testing.B, args ...string) time.Duration {
	b.Helper()
	return byItself(b, append([]string{"-re"}, args...)...) / benchFrames
}

// byItself gives the CPU that ffmpeg takes.
func byItself(b *testing.B, args ...string) time.Duration {
	b.Helper()
	cmd := exec.Command("ffmpeg", append([]string{"-v", "error", "-threads", "1"}, args...)...)
	var said bytes.Buffer
	cmd.Stderr = &said
	if err := cmd.Run(); err != nil {
		b.Fatalf("%v: %s", err, &said)
	}
	usage := cmd.ProcessState.SysUsage().(*syscall.Rusage)
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

// beside has a Process and ffmpeg by itself do the same work in turns, and
// reports how they did. It gives what came out.
func beside(b *testing.B, spec transcode.Spec, packets []transcode.Packet, onFileArgs ...string) (out []transcode.Packet) {
	b.Helper()
	var cpu, yardstick, first, delays []time.Duration
	for range benchRounds {
		yardstick = append(yardstick, onFile(b, onFileArgs...))
		p, err := transcode.Start(b.Context(), spec)
		if err != nil {
			b.Fatal(err)
		}
		var round []time.Duration
		round, out = paced(b, p, packets)
		cpu, first, delays = append(cpu, p.CPU()/benchFrames), append(first, round[0]), append(delays, round...)
	}
	ms := func(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
	b.ReportMetric(ms(median(first)), "first-ms")
	b.ReportMetric(ms(median(delays)), "p50-ms")
	b.ReportMetric(ms(median(cpu)), "cpu-ms/frame")
	b.ReportMetric(float64(median(cpu))/float64(median(yardstick)), "cpu-ratio")
	b.ReportMetric(0, "ns/op")
	return out
}

func median(values []time.Duration) time.Duration {
	slices.Sort(values)
	return values[len(values)/2]
}

func BenchmarkH264ToJPEG(b *testing.B) {
	file, packets := benchClip(b)
	spec := transcode.Spec{In: transcode.H264, Config: packets[0].Config, Out: transcode.JPEG, InWidth: benchWidth, InHeight: benchHeight}
	beside(b, spec, packets, "-i", file, "-c:v", "mjpeg", "-threads", "1", "-q:v", "7", "-pix_fmt", "yuvj420p", "-f", "mjpeg", "-y", "/dev/null")
}

// BenchmarkH265ToJPEG is the same of H.265, of 1920x1080.
func BenchmarkH265ToJPEG(b *testing.B) {
	movie := camtest.Output(b, nil, "ffmpeg", "-v", "error", "-f", "lavfi", "-i", fmt.Sprintf("testsrc2=size=1920x1080:rate=30:duration=%d", benchFrames/30),
		"-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "log-level=none:bframes=0:keyint=60", "-b:v", "4M", "-pix_fmt", "yuv420p", "-tag:v", "hvc1",
		"-f", "mp4", "-movflags", "frag_every_frame+empty_moov+default_base_moof", "pipe:1")
	file := b.TempDir() + "/clip.mp4"
	if err := os.WriteFile(file, movie, 0o600); err != nil {
		b.Fatal(err)
	}
	spec := transcode.Spec{In: transcode.H265, Config: configOf(b, movie), Out: transcode.JPEG, InWidth: 1920, InHeight: 1080}
	beside(b, spec, moviePackets(b, movie), "-i", file, "-c:v", "mjpeg", "-threads", "1", "-q:v", "7", "-pix_fmt", "yuvj420p", "-f", "mjpeg", "-y", "/dev/null")
}

func BenchmarkJPEGToH264(b *testing.B) {
	_, packets := benchClip(b)
	decoder, err := transcode.Start(b.Context(), transcode.Spec{In: transcode.H264, Config: packets[0].Config, Out: transcode.JPEG})
	if err != nil {
		b.Fatal(err)
	}
	_, pictures := paced(b, decoder, packets)
	file := b.TempDir() + "/clip.mjpeg"
	var all bytes.Buffer
	for _, picture := range pictures {
		all.Write(picture.Data)
	}
	if err := os.WriteFile(file, all.Bytes(), 0o600); err != nil {
		b.Fatal(err)
	}
	beside(b, transcode.Spec{In: transcode.JPEG, Out: transcode.H264, InWidth: benchWidth, InHeight: benchHeight}, pictures,
		"-f", "mjpeg", "-i", file, "-c:v", "libx264", "-threads", "1", "-preset", "superfast", "-tune", "zerolatency",
		"-profile:v", "main", "-bf", "0", "-g", "50", "-b:v", "3M", "-pix_fmt", "yuv420p", "-f", "null", "-")
}

// BenchmarkRange changes the range of colours by zscale and by swscale, in
// turns, as fast as it goes. Who does not tell the size of packets has swscale.
func BenchmarkRange(b *testing.B) {
	if !transcode.HasZscale(b.Context(), "") {
		b.Skip("this ffmpeg has no zscale")
	}
	_, h264 := benchClip(b)
	toJPEG := transcode.Spec{In: transcode.H264, Config: h264[0].Config, Out: transcode.JPEG}
	pictures, _ := unpaced(b, toJPEG, h264)
	b.Run("H264ToJPEG", func(b *testing.B) { benchRange(b, toJPEG, h264) })
	b.Run("JPEGToH264", func(b *testing.B) {
		benchRange(b, transcode.Spec{In: transcode.JPEG, Out: transcode.H264}, pictures)
	})
}

func benchRange(b *testing.B, bySwscale transcode.Spec, packets []transcode.Packet) {
	byZscale := bySwscale
	byZscale.InWidth, byZscale.InHeight = benchWidth, benchHeight
	var before, now []time.Duration
	for range benchRounds {
		_, cpu := unpaced(b, bySwscale, packets)
		before = append(before, cpu/benchFrames)
		_, cpu = unpaced(b, byZscale, packets)
		now = append(now, cpu/benchFrames)
	}
	b.ReportMetric(float64(median(before).Microseconds())/1000, "swscale-cpu-ms/frame")
	b.ReportMetric(float64(median(now).Microseconds())/1000, "cpu-ms/frame")
	b.ReportMetric(float64(median(now))/float64(median(before)), "cpu-ratio")
	b.ReportMetric(0, "ns/op")
}

// unpaced writes packets as fast as they are taken.
func unpaced(b *testing.B, spec transcode.Spec, packets []transcode.Packet) (out []transcode.Packet, cpu time.Duration) {
	b.Helper()
	p, err := transcode.Start(b.Context(), spec)
	if err != nil {
		b.Fatal(err)
	}
	go func() {
		for _, packet := range packets {
			if p.Write(packet) != nil {
				return
			}
		}
	}()
	for range packets {
		packet, err := p.Read()
		if err != nil {
			b.Fatal(err)
		}
		out = append(out, packet)
	}
	p.CloseWrite()
	p.Close()
	return out, p.CPU()
}

// BenchmarkBacklog has pictures decoded of which the first and the last are
// encoded, as for who joins. What a picture costs is told from a short backlog
// and a long one, so that it is free of ffmpeg's start and of those two; beside
// it stands what ffmpeg takes by itself to decode one.
func BenchmarkBacklog(b *testing.B) {
	const short, long = 2, 58 // of a GOP of 60
	file, h264 := benchClip(b)
	decodes := func(count int) time.Duration {
		return byItself(b, "-i", file, "-frames:v", fmt.Sprint(count), "-f", "null", "-")
	}
	var start, picture, yardstick, first, present []time.Duration
	for range 3 * benchRounds {
		least, _, _ := benchJoin(b, h264[:short])
		most, a, p := benchJoin(b, h264[:long])
		start, picture = append(start, least), append(picture, (most-least)/(long-short))
		first, present = append(first, a), append(present, p)
		yardstick = append(yardstick, (decodes(long)-decodes(short))/(long-short))
	}
	ms := func(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
	b.ReportMetric(ms(median(start)), "start-cpu-ms")
	b.ReportMetric(ms(median(picture)), "cpu-ms/frame")
	b.ReportMetric(float64(median(picture))/float64(median(yardstick)), "cpu-ratio")
	b.ReportMetric(ms(median(first)), "first-ms")
	b.ReportMetric(ms(median(present)), "present-ms")
	b.ReportMetric(0, "ns/op")
}

// benchJoin has all of a GOP decoded at once, and gives the CPU that takes and
// the time until the first picture and the present one are there.
func benchJoin(b *testing.B, gop []transcode.Packet) (cpu, first, present time.Duration) {
	b.Helper()
	began := time.Now()
	p, err := transcode.Start(b.Context(), transcode.Spec{
		In: transcode.H264, Config: gop[0].Config, Out: transcode.JPEG,
		InWidth: benchWidth, InHeight: benchHeight, Hurry: len(gop) - 1,
	})
	if err != nil {
		b.Fatal(err)
	}
	go func() {
		for _, packet := range gop {
			if p.Write(packet) != nil {
				return
			}
		}
	}()
	for _, shown := range []*time.Duration{&first, &present} {
		if _, err := p.Read(); err != nil {
			b.Fatal(err)
		}
		*shown = time.Since(began)
	}
	p.CloseWrite()
	p.Close()
	return p.CPU(), first, present
}

// BenchmarkSound is what it costs to make AAC and Opus of G.711, for a minute of it
// at a time, as fast as that goes: the part of a core that one camera takes.
func BenchmarkSound(b *testing.B) {
	frame := make([]byte, 160)
	for i := range frame {
		frame[i] = byte(i * 37)
	}
	for name, out := range map[string]transcode.Codec{"AAC": transcode.AAC, "Opus": transcode.Opus} {
		b.Run(name, func(b *testing.B) {
			const minute = 3000
			for b.Loop() {
				before := childTime()
				s, err := transcode.StartSound(b.Context(), transcode.SoundSpec{In: transcode.PCMU, Rate: 8000, Channels: 1, Out: out})
				if err != nil {
					b.Fatal(err)
				}
				read := make(chan struct{})
				go func() { // ends with the process
					defer close(read)
					for {
						if _, err := s.Read(); err != nil {
							return
						}
					}
				}()
				for n := range minute {
					if err := s.Write(time.Duration(n)*20*time.Millisecond, 160, frame); err != nil {
						b.Fatal(err)
					}
				}
				s.CloseWrite()
				<-read
				s.Close()
				b.ReportMetric(100*(childTime()-before).Seconds()/60, "%core")
			}
		})
	}
}

// childTime is the CPU time of processes that ended and were waited for.
func childTime() time.Duration {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_CHILDREN, &usage); err != nil {
		return 0
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}
