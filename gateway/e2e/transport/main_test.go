// Package transport tests the ways to a whole gateway: TLS and its certificates,
// HTTP/2, proxies, and each of its addresses, by browsers and programs.
package transport

import (
	"testing"

	"framegate/gateway/e2e/rig"
)

func TestMain(m *testing.M) { rig.Main(m) }
