package transcode_test

import (
	"errors"
	"io"
	"testing"
	"time"

	"framegate/gateway/camtest"
	"framegate/transcode"
)

// TestSkippedIsDecodedAndNotEncoded: what comes out begins with the picture at Skip,
// a keyframe, and each has the times of the packet it was made of, also where there
// are hundreds in the pipe.
func TestSkippedIsDecodedAndNotEncoded(t *testing.T) {
	t.Parallel()
	const count, skipped = 400, 237
	var encoded []transcode.Packet
	jpegs, err := transcode.Start(t.Context(), transcode.Spec{In: transcode.JPEG, InWidth: 64, InHeight: 48, Out: transcode.H264, Whole: true, Lasting: true})
	if err != nil {
		t.Fatal(err)
	}
	defer jpegs.Close()
	go func() { // ends with the process
		for n := range count {
			if jpegs.Write(transcode.Packet{PTS: time.Duration(n) * 40 * time.Millisecond, Data: camtest.Picture(n, 64, 48)}) != nil {
				return
			}
		}
		jpegs.CloseWrite()
	}()
	encoded = drained(t, jpegs)
	if len(encoded) != count {
		t.Fatalf("%d of %d pictures came out", len(encoded), count)
	}
	spec := transcode.Spec{
		In: transcode.H264, Config: encoded[0].Config, Out: transcode.H264, Whole: true, Lasting: true, Skip: encoded[skipped].PTS,
	}
	again, err := transcode.Start(t.Context(), spec)
	if err != nil {
		t.Fatal(err)
	}
	defer again.Close()
	go func() { // ends with the process
		for _, p := range encoded {
			if again.Write(p) != nil {
				return
			}
			if p.PTS < encoded[skipped].PTS && again.Waiting() {
				t.Errorf("what is skipped has to give a picture, at %v", p.PTS)
			}
		}
		again.CloseWrite()
	}()
	out := drained(t, again)
	if len(out) != count-skipped || !out[0].Key {
		t.Fatalf("%d of %d pictures came out", len(out), count-skipped)
	}
	for i, p := range out {
		if p.PTS != encoded[skipped+i].PTS {
			t.Fatalf("picture %d has the time %v, not %v", i, p.PTS, encoded[skipped+i].PTS)
		}
	}
}

// drained reads all that comes out.
func drained(t *testing.T, p *transcode.Process) (all []transcode.Packet) {
	t.Helper()
	for {
		packet, err := p.Read()
		if errors.Is(err, io.EOF) {
			return all
		}
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, packet)
	}
}
