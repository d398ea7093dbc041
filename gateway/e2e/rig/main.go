package rig

import (
	"context"
	"flag"
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
	become()
	os.Exit(m.Run())
}

// MainOneByOne is Main of a package each of whose tests runs several gateways that must
// not be late by seconds: its parallel tests are so to other packages alone.
func MainOneByOne(m *testing.M) {
	become()
	flag.Parse()
	if err := flag.Set("test.parallel", "1"); err != nil {
		panic(err) // which package testing has
	}
	os.Exit(m.Run())
}

// become is what this process is, where that is not to run tests.
func become() {
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
}
