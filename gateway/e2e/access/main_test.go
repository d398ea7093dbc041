// Package access tests who may do what, of a whole gateway: everybody at every
// address, what ends when a permission is taken away, and secrets that nobody may
// see.
package access

import (
	"testing"

	"framegate/gateway/e2e/rig"
)

func TestMain(m *testing.M) { rig.Main(m) }
