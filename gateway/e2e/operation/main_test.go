// Package operation tests what the operator of a whole gateway meets: commands,
// reloads, ends, and processes that are killed or hang.
package operation

import (
	"testing"

	"framegate/gateway/e2e/rig"
)

func TestMain(m *testing.M) { rig.Main(m) }
