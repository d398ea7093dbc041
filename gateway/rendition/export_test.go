package rendition

import "time"

// Hasten makes a source judge its encoder within moments.
func (s *Source) Hasten() {
	s.patience = patience{window: 200 * time.Millisecond, calm: 700 * time.Millisecond, mostCalm: 2 * time.Second}
}

// LongWait is after how long a wait for a slot what came meanwhile is old.
const LongWait = longWait
