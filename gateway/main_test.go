package main

import (
	"os"
	"testing"

	"framegate/transcode"
)

func TestMain(m *testing.M) {
	transcode.BecomeFFmpeg()
	os.Exit(m.Run())
}
