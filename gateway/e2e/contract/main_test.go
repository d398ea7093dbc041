// Package contract tests what is promised of every form in which pictures go
// out, with every kind of camera that needs no encoder for it.
package contract

import (
	"testing"

	"framegate/gateway/e2e/rig"
)

func TestMain(m *testing.M) { rig.Main(m) }
