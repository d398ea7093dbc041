package rig

import (
	"testing"

	"framegate/gateway/browsertest"
)

// NeedFirefox is Need for what drives Firefox, and Thorough.
func NeedFirefox(t *testing.T) {
	t.Helper()
	Thorough(t)
	if _, err := browsertest.FindFirefox(); err != nil {
		Missing(t, err.Error())
	}
}
