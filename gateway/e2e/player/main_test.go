// Package player tests the pages and the player element in browsers, with a whole
// gateway behind them.
package player

import (
	"testing"

	"framegate/gateway/e2e/rig"
)

func TestMain(m *testing.M) { rig.Main(m) }
