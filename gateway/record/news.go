package record

import (
	"slices"
	"strings"
	"time"

	"framegate/gateway/record/index"
)

// News is what became of the recordings of a camera, which need not be there any
// more. What changed lies within From and To.
type News struct {
	Kind     NewsKind
	Camera   string
	From, To time.Time
	Reason   string // of Missed, and of Gone what nobody deleted
}

// NewsKind says what did.
type NewsKind uint8

// There is more, by a recorder or found in the folder; less; something that should
// have been recorded and was not.
const (
	Came NewsKind = iota
	Gone
	Missed
)

// tell gives one piece of news of each camera's segments.
func (r *Recorders) tell(kind NewsKind, reason string, segments ...index.Segment) {
	slices.SortStableFunc(segments, func(a, b index.Segment) int { return strings.Compare(a.Camera, b.Camera) })
	for i := 0; i < len(segments); {
		n := News{Kind: kind, Camera: segments[i].Camera, From: segments[i].Start, To: segments[i].End, Reason: reason}
		for ; i < len(segments) && segments[i].Camera == n.Camera; i++ {
			if s := segments[i]; s.Start.Before(n.From) {
				n.From = s.Start
			}
			if s := segments[i]; s.End.After(n.To) {
				n.To = s.End
			}
		}
		r.inform(n)
	}
}

// inform gives news as the index has it: in UTC and microseconds.
func (r *Recorders) inform(n News) {
	n.From, n.To = n.From.UTC().Truncate(time.Microsecond), n.To.UTC().Truncate(time.Microsecond)
	r.options.Told(n)
}
