package transcode

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/jpeg"
	"os"
	"strings"
	"time"
)

const (
	// probePatience is how long one kind of hardware is tried: drivers may
	// take seconds to load, and broken ones for ever.
	probePatience = 10 * time.Second
	// holdsBack is how long nothing comes of what holds pictures back, while
	// they are let in one in a queuePause.
	holdsBack = probePatience - 2*time.Second

	probeWidth, probeHeight = 320, 192                          // what every encoder can do
	probeFrames             = int(probePatience/queuePause) + 4 // as many as are let in, and more than any holds back
)

// Probe tries hardware once with a few pictures, in the same way and with the
// same rights as Start would use it: encodes them, decodes what came of it, and
// scales that. HWAuto tries what this machine may have, in turn. It gives what
// works and does not hold back more pictures than Write lets in; or HWNone and
// the reason in one line, which is to be told once and is no reason to stop:
// the processor does it all. Where it wraps ErrStalled, the machine may just have had
// no time. It takes ten seconds for each kind of hardware at
// the most, and no longer than ctx.
func Probe(ctx context.Context, program string, wanted HWAccel) (HWAccel, error) {
	switch wanted {
	case "", HWNone:
		return HWNone, nil
	case HWAuto:
		return probeAll(ctx, program, candidates())
	}
	if !wanted.known() {
		return HWNone, fmt.Errorf("hardware %q is not known", wanted)
	}
	return probeAll(ctx, program, []HWAccel{wanted})
}

func probeAll(ctx context.Context, program string, all []HWAccel) (HWAccel, error) {
	if len(all) == 0 {
		return HWNone, errors.New("this machine has no graphics device")
	}
	var reasons []error
	for _, a := range all {
		err := probe(ctx, program, a)
		if err == nil {
			return a, nil
		}
		if ctx.Err() != nil {
			return HWNone, ctx.Err()
		}
		reasons = append(reasons, fmt.Errorf("%s: %w", a, err))
	}
	return HWNone, oneLine{errors.Join(reasons...)}
}

// oneLine is several errors, for a log.
type oneLine struct{ error }

func (e oneLine) Error() string { return strings.ReplaceAll(e.error.Error(), "\n", "; ") }

func (e oneLine) Unwrap() error { return e.error }

// probe makes H.264 of JPEGs and JPEGs of that.
func probe(ctx context.Context, program string, a HWAccel) error {
	ctx, cancel := context.WithTimeout(ctx, probePatience)
	defer cancel()
	pictures, err := probePictures()
	if err != nil {
		return err
	}
	encode := Spec{FFmpeg: program, HWAccel: a, In: JPEG, Out: H264, InWidth: probeWidth, InHeight: probeHeight, Width: probeWidth, Height: probeHeight}
	h264, err := convert(ctx, encode, pictures)
	if err != nil {
		return fmt.Errorf("encoding: %w", err)
	}
	decode := Spec{FFmpeg: program, HWAccel: a, In: H264, Config: h264[0].Config, InWidth: probeWidth, InHeight: probeHeight, Out: JPEG, Width: probeWidth / 2, Height: probeHeight / 2}
	if _, err := convert(ctx, decode, h264); err != nil {
		return fmt.Errorf("decoding: %w", err)
	}
	return nil
}

// CheckH265 tries, as Check does, whether ffmpeg decodes H.265, which not all
// builds do. It takes probePatience at the most, and no longer than ctx.
func CheckH265(ctx context.Context, program string) error {
	_, err := once(program, "H.265", func() (struct{}, error) { return struct{}{}, checkH265(ctx, program) })
	return err
}

func checkH265(ctx context.Context, program string) error {
	ctx, cancel := context.WithTimeout(ctx, probePatience)
	defer cancel()
	spec := Spec{FFmpeg: program, In: H265, Config: []byte(probeConfig), Out: JPEG}
	if _, err := convert(ctx, spec, []Packet{{Key: true, Data: []byte(probePicture)}}); err != nil {
		return oneLine{fmt.Errorf("decoding H.265: %w", err)}
	}
	return nil
}

// probePicture is a grey picture of 64x64, by libx265, and probeConfig what
// belongs to it.
const (
	probeConfig = "\x01\x01\x60\x00\x00\x00\x90\x00\x00\x00\x00\x00\x1e\xf0\x00\xfc\xfd\xf8\xf8\x00\x00\x0f\x03\x20\x00\x01\x00\x18\x40\x01\x0c\x01\xff\xff\x01\x60" +
		"\x00\x00\x03\x00\x90\x00\x00\x03\x00\x00\x03\x00\x1e\xba\x02\x40\x21\x00\x01\x00\x28\x42\x01\x01\x01\x60\x00\x00\x03\x00\x90\x00\x00\x03\x00\x00" +
		"\x03\x00\x1e\xa0\x20\x81\x05\x96\xe9\x29\x30\xbc\x05\xa0\x20\x00\x00\x03\x00\x20\x00\x00\x03\x03\x21\x22\x00\x01\x00\x06\x44\x01\xc0\x73\xc0\x89"
	probePicture = "\x00\x00\x00\x09\x28\x01\xac\x76\x0d\x90\x91\xd2\x38"
)

// convert gives what comes of packets: as many, or it is an error.
func convert(ctx context.Context, s Spec, packets []Packet) (out []Packet, err error) {
	p, err := Start(ctx, s)
	if err != nil {
		return nil, err
	}
	p.watch.patience = holdsBack
	wrote := make(chan error, 1)
	go func() { wrote <- p.writeAll(packets) }() // ends with the process at the latest
	for len(out) < len(packets) && err == nil {
		var packet Packet
		if packet, err = p.Read(); err == nil {
			out = append(out, packet)
		}
	}
	p.Close()
	stalled := <-wrote
	switch {
	case err == nil:
		return out, nil
	case ctx.Err() != nil:
		return nil, fmt.Errorf("%w within %v", ErrStalled, probePatience)
	case errors.Is(stalled, ErrStalled):
		return nil, stalled
	}
	return nil, err
}

// writeAll writes packets, the last there are.
func (p *Process) writeAll(packets []Packet) error {
	defer p.CloseWrite()
	for _, packet := range packets {
		if err := p.Write(packet); err != nil {
			return err
		}
	}
	return nil
}

// probePictures are JPEGs of a grey that gets lighter.
func probePictures() ([]Packet, error) {
	packets := make([]Packet, probeFrames)
	for n := range packets {
		picture := image.NewGray(image.Rect(0, 0, probeWidth, probeHeight))
		for i := range picture.Pix {
			picture.Pix[i] = byte(20 * (n + 1))
		}
		var b bytes.Buffer
		if err := jpeg.Encode(&b, picture, nil); err != nil {
			return nil, err
		}
		packets[n] = Packet{PTS: time.Duration(n) * time.Second / nominalFPS, Key: true, Data: b.Bytes()}
	}
	return packets, nil
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}
