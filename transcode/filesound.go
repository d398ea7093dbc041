package transcode

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	ffmpeg "github.com/u2takey/ffmpeg-go"
)

// fileLead is what every time of a file is later than the file says: what its decoder
// has to have before the first picture may be earlier than 0, which a muxer would
// move, and so pictures and sound apart.
const fileLead = 10 * time.Second

// FileSoundSpec says which sound of which file is wanted.
type FileSoundSpec struct {
	FFmpeg string // the program; "" means ffmpeg on the PATH
	File   string
	Encode bool // as AAC at SoundRate, in two channels; else as it is in the file
}

// FileSound is a running ffmpeg that gives the first sound of a file as an MPEG
// transport stream, once and as fast as it is read. Its times are those that pictures
// of the same file have (Spec.File) in the first round. It is for one goroutine; Close
// may be called from any.
type FileSound struct{ process *Process }

// StartFileSound runs ffmpeg. The process ends with ctx, with Close, and with
// Framegate itself, however that ends (on Linux). The caller calls Close.
func StartFileSound(ctx context.Context, s FileSoundSpec) (*FileSound, error) {
	out := ffmpeg.KwArgs{"map": "0:a:0", "c:a": "copy", "f": "mpegts", "mpegts_copyts": 1, "output_ts_offset": fileLead.Seconds()}
	if s.Encode {
		out["c:a"], out["af"], out["ac"], out["b:a"], out["threads"] = "aac", fmt.Sprintf("aresample=%d:async=1", SoundRate), 2, 2*soundBitrate, 1
	}
	p, err := readsFile(ctx, s.FFmpeg, s.File, nil, out)
	if err != nil {
		return nil, err
	}
	return &FileSound{p}, nil
}

// ErrNoSound: the file has no sound.
var ErrNoSound = errors.New("no sound")

// Read reads the transport stream. At its end the error wraps io.EOF where all of the
// sound was given, and else it says what ffmpeg said, or wraps ErrNoSound.
func (f *FileSound) Read(b []byte) (int, error) {
	n, err := f.process.frames.Read(b)
	if n > 0 || err == nil {
		return n, nil
	}
	err = f.process.ending()
	if strings.Contains(f.process.stderr.String(), "matches no streams") {
		return 0, fmt.Errorf("%w: %w", ErrNoSound, err)
	}
	return 0, err
}

// Close ends the process, as Process.Close does.
func (f *FileSound) Close() { f.process.Close() }

// readsFile runs an ffmpeg that reads a file and nothing else.
func readsFile(ctx context.Context, program, file string, in, out ffmpeg.KwArgs) (*Process, error) {
	input := ffmpeg.KwArgs{"protocol_whitelist": "file,pipe", "max_pixels": maxPixels, "threads": 1}
	for name, value := range in {
		input[name] = value
	}
	global := []string{"-nostdin", "-hide_banner", "-loglevel", "error", "-copyts", "-filter_threads", "1"}
	args := ffmpeg.Input("file:"+file, input).Output("pipe:1", out).GlobalArgs(global...).GetArgs()
	return launched(ctx, program, args, confinement{Reads: []string{file}}, 0)
}

// fileTail is how much of a file's end is read to learn when its last picture is shown.
const fileTail = 10 * time.Second

// LastPicture says when the last picture of a file is shown and until when, by the times
// that pictures of that file have (Spec.File) in the first round. Where they are decoded
// that may be another one than where they are copied. It reads the end of the file, or
// all of it where nobody knows where that is.
func LastPicture(ctx context.Context, program, file string, decoded bool) (last, end time.Duration, err error) {
	for _, in := range []ffmpeg.KwArgs{{"sseof": -fileTail.Seconds()}, nil} {
		if last, end, err = lastPicture(ctx, program, file, in, decoded); err == nil {
			return last, end, nil
		}
	}
	return 0, 0, err
}

func lastPicture(ctx context.Context, program, file string, in ffmpeg.KwArgs, decoded bool) (last, end time.Duration, err error) {
	out := ffmpeg.KwArgs{"map": "0:v:0", "c:v": "copy", "copyinkf": "", "copypriorss": 1, "f": "framecrc", "output_ts_offset": fileLead.Seconds()}
	if decoded {
		out = ffmpeg.KwArgs{"map": "0:v:0", "c:v": "rawvideo", "s": "16x16", "fps_mode": "passthrough", "threads": 1, "f": "framecrc", "output_ts_offset": fileLead.Seconds()}
	}
	p, err := readsFile(ctx, program, file, in, out)
	if err != nil {
		return 0, 0, err
	}
	defer p.Close()
	last, end, err = latest(p.frames)
	if err != nil {
		return 0, 0, err
	}
	if err := p.ending(); !errors.Is(err, io.EOF) || last == 0 {
		return 0, 0, fmt.Errorf("looking for the last picture: %w", err)
	}
	return last, end, nil
}

// latest reads ffmpeg's framecrc: a line "#tb 0: 1/12800", and then one for each packet
// with its stream, DTS, PTS, duration, size and sum. Without packets it gives 0.
func latest(r io.Reader) (last, end time.Duration, err error) {
	var unit float64 // seconds
	lines := bufio.NewScanner(r)
	for lines.Scan() {
		if base, ok := strings.CutPrefix(lines.Text(), "#tb 0: "); ok {
			var num, den int
			if _, err := fmt.Sscanf(base, "%d/%d", &num, &den); err != nil || den <= 0 {
				return 0, 0, fmt.Errorf("ffmpeg's time base %q", base)
			}
			unit = float64(num) / float64(den)
		}
		fields := strings.Split(lines.Text(), ",")
		if len(fields) < 6 {
			continue
		}
		at, err := strconv.ParseInt(strings.TrimSpace(fields[2]), 10, 64)
		if err != nil {
			continue // a packet without a time
		}
		lasts, _ := strconv.ParseInt(strings.TrimSpace(fields[3]), 10, 64) // 0 where it is not known
		if shown := time.Duration(float64(at) * unit * float64(time.Second)); shown >= last {
			last, end = shown, shown+time.Duration(float64(max(0, lasts))*unit*float64(time.Second))
		}
	}
	return last, end, lines.Err()
}
