package metrics

import (
	"github.com/prometheus/client_golang/prometheus"

	"framegate/gateway/stream"
)

// collectForms tells of viewers by the form in which they get pictures.
func collectForms(to chan<- prometheus.Metric, forms []stream.FormStats) {
	for _, f := range forms {
		formViewers.send(to, float64(f.Viewers), f.Form)
		formFrames.send(to, float64(f.Frames), f.Form)
		formDropped.send(to, float64(f.Dropped), f.Form)
		upTo, count := make(map[float64]uint64), uint64(0)
		for i, n := range f.Delays {
			count += n
			if i < len(stream.DelayBounds) {
				upTo[stream.DelayBounds[i].Seconds()] = count
			}
		}
		to <- prometheus.MustNewConstHistogram(formDelay.desc, count, f.Delay.Seconds(), upTo, f.Form)
	}
}
