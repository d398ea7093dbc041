package server

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"framegate/gateway/config"
	"framegate/transcode"
)

// TestHardwareIsTriedAgain where it gave nothing in time, a few times, and not where it
// does not work.
func TestHardwareIsTriedAgain(t *testing.T) {
	slow := fmt.Errorf("vaapi: encoding: %w", transcode.ErrStalled)
	for name, c := range map[string]struct {
		found []error // by one trial after the other, the last for good
		tries int
		works transcode.HWAccel
	}{
		"works at once":    {[]error{nil}, 1, transcode.HWVAAPI},
		"works later":      {[]error{slow, slow, nil}, 3, transcode.HWVAAPI},
		"never in time":    {[]error{slow}, hardwareTrials, transcode.HWNone},
		"is not there":     {[]error{errors.New("vaapi: no such device")}, 1, transcode.HWNone},
		"late and refused": {[]error{slow, errors.New("vaapi: it is broken")}, 2, transcode.HWNone},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				conf := &config.Config{FFmpeg: config.FFmpeg{HWAccel: config.HWAccelVAAPI, Path: "/nowhere/ffmpeg"}}
				s := newParts(Options{Config: conf, Log: slog.New(slog.DiscardHandler)})
				tries := 0
				s.trial.probe = func(context.Context, string, transcode.HWAccel) (transcode.HWAccel, error) {
					err := c.found[min(tries, len(c.found)-1)]
					tries++
					if err != nil {
						return transcode.HWNone, err
					}
					return transcode.HWVAAPI, nil
				}
				s.tried = &attempt{} // nothing is at that path, and it was looked at
				s.tryHardware(t.Context())
				for range 20 * 60 {
					time.Sleep(time.Second)
					if err := s.lookAtFFmpeg(t.Context()); err != nil {
						t.Fatal(err)
					}
				}
				if tries != c.tries || s.encodesWith() != c.works {
					t.Errorf("tried %d times, and %q works", tries, s.encodesWith())
				}
			})
		})
	}
}
