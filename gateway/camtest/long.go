package camtest

import "os"

// Long gives how much a test does: little, or where FRAMEGATE_TEST_LONG is set, for
// runs by hand, much.
func Long[T any](little, much T) T {
	if os.Getenv("FRAMEGATE_TEST_LONG") != "" {
		return much
	}
	return little
}
