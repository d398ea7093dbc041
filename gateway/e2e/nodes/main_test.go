// Package nodes tests gateways that are one cluster: processes that share cameras,
// recordings and what all have in common, of which some are killed, hang, are cut off
// from each other, or lie.
package nodes

import (
	"testing"

	"framegate/gateway/e2e/rig"
)

func TestMain(m *testing.M) { rig.MainOneByOne(m) }
