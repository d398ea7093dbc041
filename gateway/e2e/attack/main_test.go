// Package attack tests a whole gateway against who means it harm, or errs: pages of
// other sites, bombs, hostile cameras, clients that read nothing, and bad input.
package attack

import (
	"testing"

	"framegate/gateway/e2e/rig"
)

func TestMain(m *testing.M) { rig.Main(m) }
