package metrics

import "github.com/prometheus/client_golang/prometheus"

// Exports are the files that are made of recordings.
type Exports struct {
	Now   map[string]int    // by state
	Ended map[string]uint64 // so far, by state
	Bytes int64
}

// exportStates are those of an export, the last three of which are its end.
var exportStates = [...]string{"waiting", "running", "done", "failed", "canceled"}

func collectExports(to chan<- prometheus.Metric, e Exports) {
	for i, state := range exportStates {
		exportsNow.send(to, float64(e.Now[state]), state)
		if i >= 2 {
			exportsEnded.send(to, float64(e.Ended[state]), state)
		}
	}
	exportsBytes.send(to, float64(e.Bytes))
}
