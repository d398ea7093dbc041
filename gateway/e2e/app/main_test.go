// Package app tests the app in browsers, with a whole gateway behind it.
package app

import (
	"testing"

	"framegate/gateway/e2e/rig"
)

func TestMain(m *testing.M) { rig.Main(m) }
