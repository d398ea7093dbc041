package nal

// Place is where a picture stands among all in the order of output: by its
// Epoch, which begins where nothing later refers to anything before, and within
// that by its Count, the picture order count (H.264, 8.2.1; H.265, 8.3.1).
type Place struct {
	Epoch, Count int64
}

// Less says whether a picture is shown before another.
func (p Place) Less(other Place) bool {
	return p.Epoch < other.Epoch || p.Epoch == other.Epoch && p.Count < other.Count
}
