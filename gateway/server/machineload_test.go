package server

import "testing"

func TestTicks(t *testing.T) {
	for text, want := range map[string][2]uint64{
		"cpu  10 20 30 400 50 6 7 8 9 9\ncpu0 1 2 3": {81, 531},
		"cpu  1 2 3 4 5": {6, 15},
		"cpu  1 2 3 4":   {}, "cpu 1 2 x 4 5 6": {}, "intr 1 2 3 4 5 6": {}, "": {},
	} {
		if busy, total := ticksOf(text); busy != want[0] || total != want[1] {
			t.Errorf("%q: %d of %d, want %v", text, busy, total, want)
		}
	}
}
