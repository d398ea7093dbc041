// Package bench measures what a whole gateway costs, beside yardsticks that do the
// same with less.
package bench

import (
	"testing"

	"framegate/gateway/e2e/rig"
)

func TestMain(m *testing.M) { rig.Main(m) }
