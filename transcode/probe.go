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

	probeWidth, probeHeight = 320, 192 // what every encoder can do
	probeFrames             = 10       // more than any holds back
)

// Probe tries hardware once with a few pictures, in the same way and with the
// same rights as Start would use it: encodes them, decodes what came of it, and
// scales that. HWAuto tries what this machine may have, in turn. It gives what
// works and does not hold back more pictures than Write lets in; or HWNone and
// the reason in one line, which is to be told once and is no reason to stop:
// the processor does it all. It takes ten seconds for each kind of hardware at
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

// convert gives what comes of packets: as many, or it is an error.
func convert(ctx context.Context, s Spec, packets []Packet) (out []Packet, err error) {
	p, err := Start(ctx, s)
	if err != nil {
		return nil, err
	}
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
		return nil, fmt.Errorf("it takes longer than %v", probePatience)
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
