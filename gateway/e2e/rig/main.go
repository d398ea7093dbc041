package rig

import (
	"context"
	"flag"
	"os"
	"os/signal"
	"strconv"
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

// MainFew is Main of a package each of whose tests runs several gateways that must not be
// late by seconds: so many of its tests run at a time at most.
func MainFew(m *testing.M, most int) {
	become()
	flag.Parse()
	if told := flag.Lookup("test.parallel"); told.Value.(flag.Getter).Get().(int) > most {
		if err := flag.Set(told.Name, strconv.Itoa(most)); err != nil {
			panic(err) // which package testing has
		}
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
