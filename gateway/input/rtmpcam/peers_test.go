package rtmpcam

import (
	"bytes"
	"context"
	"os/exec"
	"testing"
)

// listening has ffmpeg listen at an address of RTMP, and give out a film once, again and again,
// until ctx is done. What it gives is closed then.
func listening(ctx context.Context, t *testing.T, film []byte, address string) (ended chan struct{}) {
	ended = make(chan struct{})
	go func() { // ends with ctx
		defer close(ended)
		for ctx.Err() == nil {
			c := exec.CommandContext(ctx, "ffmpeg", "-v", "error", "-re", "-f", "flv", "-i", "-", "-c", "copy", "-f", "flv", "-listen", "1", address)
			c.Stdin = bytes.NewReader(film)
			if out, err := c.CombinedOutput(); err != nil && ctx.Err() == nil {
				t.Logf("ffmpeg: %v: %s", err, out)
			}
		}
	}()
	return ended
}
