//go:build !(linux && (386 || amd64 || arm || arm64 || loong64 || riscv64 || s390x))

package device

import (
	"errors"
	"runtime"
	"time"
)

func inspect(string) (offer, error) {
	return offer{}, errors.New("cannot be used: v4l2 cameras need Linux, which this is not, or not of a kind that is supported (" + runtime.GOOS + "/" + runtime.GOARCH + ")")
}

func uptime() time.Duration { return 0 }
