// Package nodes tests gateways that are one cluster: processes that share cameras,
// recordings and what all have in common, of which some are killed, hang, are cut off
// from each other, or lie.
package nodes

import (
	"testing"

	"framegate/gateway/e2e/rig"
)

// Each of three programs takes a few hundredths of a processor under the race detector, and
// much more while it begins.
func TestMain(m *testing.M) { rig.MainFew(m, 2) }
