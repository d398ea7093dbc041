package device

import (
	"context"
	"errors"
)

// The limits on senders and devices by name, as they are told of hits.
const (
	LimitCameraConnect      = "camera_connect"
	LimitCameraFirstByte    = "camera_first_byte"
	LimitCameraFirstPicture = "camera_first_picture"
	LimitCameraSilence      = "camera_silence"
)

// LimitNames are the limits that this package knows.
var LimitNames = []string{LimitCameraConnect, LimitCameraFirstByte, LimitCameraFirstPicture, LimitCameraSilence}

// limitOf names the limit that ended a run, and gives "" where it was another reason.
func limitOf(err error) string {
	switch {
	case errors.Is(err, context.DeadlineExceeded): // of dial
		return LimitCameraConnect
	case errors.Is(err, errNoByte):
		return LimitCameraFirstByte
	case errors.Is(err, errNoPicture):
		return LimitCameraFirstPicture
	case errors.Is(err, errSilent), errors.Is(err, errDeviceSilent):
		return LimitCameraSilence
	}
	return ""
}
