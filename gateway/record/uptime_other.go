//go:build !linux

package record

import "time"

// sinceBoot is the time since the host was started, which is not known here: 0.
func sinceBoot() time.Duration { return 0 }
