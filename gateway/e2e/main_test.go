package e2e

import (
	"os"
	"testing"

	"framegate/transcode"
)

func TestMain(m *testing.M) {
	transcode.BecomeFFmpeg()
	os.Exit(m.Run())
}
