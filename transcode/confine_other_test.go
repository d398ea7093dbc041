//go:build !linux

package transcode_test

// Only Linux confines what tries these.

func trespass([]string) {}

func parent() {}

func oldKernel([]string) {}
