package relay

import "testing"

// TestOnlyWhoRelaysHoldsBallast: a node that relays nothing pays nothing for it.
func TestOnlyWhoRelaysHoldsBallast(t *testing.T) {
	var c Counters
	var flows []*flow
	for n := range 3 {
		flows = append(flows, c.begin(Options{}, "a"))
		if len(c.ballast) != ballastBytes || len(c.Flows()) != n+1 {
			t.Fatalf("with %d streams it holds %d bytes", n+1, len(c.ballast))
		}
	}
	for n, f := range flows {
		c.end(f)
		if (c.ballast != nil) != (n < 2) {
			t.Errorf("after %d of 3 streams ended it holds %d bytes", n+1, len(c.ballast))
		}
	}
}
