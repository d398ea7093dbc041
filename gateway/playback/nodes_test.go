package playback

import (
	"errors"
	"testing"
)

// TestPartsOfFilesThatCount are played, and no other: where two nodes recorded at the
// same time nothing comes twice, and nothing is left out.
func TestPartsOfFilesThatCount(t *testing.T) {
	t.Parallel()
	p := newTape(t)
	p.record("a", 0, 100)
	p.record("b", 75, 100)
	p.record("a again", 150, 100)
	p.rows[0].Until, p.rows[2].Since = at(75), at(175)
	c := p.library.Cursor("front")
	defer c.Close()
	seek(t, c, at(0))
	follows(t, c, true, 0, 74)
	follows(t, c, true, 75, 174)
	follows(t, c, true, 175, 249)
	for _, moment := range []int{80, 160, 180} { // of which two files have something
		seek(t, c, at(moment))
		follows(t, c, true, moment/gop*gop, moment/gop*gop+3)
	}
	seek(t, c, at(60))
	follows(t, c, true, 50, 74)
	follows(t, c, true, 75, 80)
}

// TestFileThatCannotBeReachedIsLeft for what comes next, at once.
func TestFileThatCannotBeReachedIsLeft(t *testing.T) {
	t.Parallel()
	p := newTape(t)
	p.record("a", 0, 100)
	p.record("b", 100, 50)
	c := p.library.Cursor("front")
	defer c.Close()
	seek(t, c, at(0))
	follows(t, c, true, 0, 30)
	p.away = true
	if _, err := c.Next(t.Context()); !errors.Is(err, ErrAway) {
		t.Fatalf("%v", err)
	}
	p.away = false
	follows(t, c, true, 100, 149)
}
