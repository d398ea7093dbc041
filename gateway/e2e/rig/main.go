package rig

import (
	"context"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"testing"

	"framegate/gateway/command"
	"framegate/transcode"
)

// besideVariable has the arguments of a command line, a line each, that a test
// binary is to run in place of its tests.
const besideVariable = "FRAMEGATE_TEST_ARGS"

// Main is the TestMain of every package whose tests run a gateway. The binary of
// the tests is also what gateways start for an ffmpeg, and the processes of
// Command; else Main runs the tests.
func Main(m *testing.M) {
	transcode.BecomeFFmpeg()
	if args := os.Getenv(besideVariable); args != "" {
		var variables []string
		for _, v := range os.Environ() {
			if strings.HasPrefix(v, "FRAMEGATE_") || strings.HasPrefix(v, "PATH=") {
				variables = append(variables, v)
			}
		}
		ctx, _ := signal.NotifyContext(context.Background(), syscall.SIGTERM)
		os.Exit(command.Run(ctx, strings.Split(args, "\n"), variables, os.Stdout, os.Stderr))
	}
	os.Exit(m.Run())
}
