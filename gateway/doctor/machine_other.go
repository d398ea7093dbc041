//go:build !linux

package doctor

import "runtime"

// Kernel says which system runs.
func Kernel() string { return runtime.GOOS }

func synchronized() (yes, known bool) { return false, false }

func owners(_, _ string) map[string]string { return nil }
