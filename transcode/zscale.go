package transcode

import (
	"cmp"
	"context"
	"strings"
	"time"
)

// JPEGs have the full range of colours, and video nearly always the limited
// one. ffmpeg's own conversion (swscale) takes a third of the work of making
// JPEGs of H.264; its filter zscale gives the very same pictures for nearly
// nothing, where a build has it. It is given 4:2:0 of 8 bits alone, in which it
// changes nothing but the range: swscale makes that of all else, and in it zscale
// takes even sides only.

// zscale is the filters that change the range of colours to that of s.Out.
func (s Spec) zscale() []string {
	wanted := "limited"
	if s.Out == JPEG {
		wanted = "full"
	}
	return []string{"format=yuv420p|yuvj420p", "zscale=range=" + wanted}
}

// suitsZscale says whether zscale is of use.
func (s Spec) suitsZscale() bool {
	changesRange := (s.In == JPEG) != (s.Out == JPEG)
	if copies(s) || !changesRange || s.accelerated() && s.Out == H264 {
		return false
	}
	width, height := s.size()
	return width > 0 && height > 0 && width%2 == 0 && height%2 == 0
}

// size is that of the pictures that come out, or zeros where it is not known.
func (s Spec) size() (width, height int) {
	switch {
	case s.Width > 0:
		return s.Width, s.Height
	case s.In != 0:
		return s.InWidth, s.InHeight
	}
	return s.Pattern.Width, s.Pattern.Height
}

// trialPatience is how long a program may take to show that it has zscale, and
// maxTrials how often: a machine that starts may have no time for it.
const (
	trialPatience = 5 * time.Second
	maxTrials     = 3
)

// passed says whether the program has it. The first time that takes as long as
// starting it.
func (t *trial) passed(ctx context.Context, program string) bool {
	if t == nil {
		return false
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.known {
		within, cancel := context.WithTimeout(ctx, cmp.Or(t.patience, trialPatience))
		defer cancel()
		t.works = triesZscale(within, program)
		t.tries++
		t.known = ctx.Err() == nil && (within.Err() == nil || t.tries >= maxTrials)
	}
	return t.works
}

// failed says that the program failed at something, and in which words. If it
// was zscale, it is not used again.
func (t *trial) failed(words string) {
	if t == nil || !strings.Contains(words, "zscale") {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.known, t.works = true, false
}

// triesZscale has the program change the range of one small picture.
func triesZscale(ctx context.Context, program string) bool {
	filters := strings.Join(Spec{Out: JPEG}.zscale(), ",")
	p, err := launched(ctx, program, []string{"-nostdin", "-v", "error", "-f", "lavfi", "-i", "color=size=16x16", "-frames:v", "1",
		"-vf", filters, "-f", "null", "-"}, confinement{}, 0)
	if err != nil {
		return false
	}
	defer p.Close()
	if _, err := p.frames.ReadByte(); err == nil {
		return false // it is no ffmpeg: what it was asked for prints nothing
	}
	select {
	case <-p.gone:
		return p.exit == nil
	case <-ctx.Done():
		return false
	}
}
