package server

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"framegate/gateway/api"
	"framegate/gateway/config"
	"framegate/transcode"
)

// hardwareOf says which hardware the configuration asks for.
var hardwareOf = map[config.HWAccel]transcode.HWAccel{
	config.HWAccelNone:         transcode.HWNone,
	config.HWAccelAuto:         transcode.HWAuto,
	config.HWAccelVAAPI:        transcode.HWVAAPI,
	config.HWAccelCUDA:         transcode.HWCUDA,
	config.HWAccelQSV:          transcode.HWQSV,
	config.HWAccelVideoToolbox: transcode.HWVideoToolbox,
}

// hardwareTrials is how often hardware is tried that gives nothing in time, which need
// not be its fault on a machine that starts, and hardwareAgain how long after.
const (
	hardwareTrials = 4
	hardwareAgain  = time.Minute
)

// hardwareTrial is how hardware was tried.
type hardwareTrial struct {
	probe func(ctx context.Context, program string, wanted transcode.HWAccel) (transcode.HWAccel, error)
	times int       // that it gave nothing in time
	at    time.Time // when that was last; zero where it is known how it is
}

// due says whether it is to be tried again.
func (h *hardwareTrial) due() bool {
	return !h.at.IsZero() && h.times < hardwareTrials && time.Since(h.at) >= hardwareAgain
}

// tryHardware finds out whether the hardware that is asked for works. Encoders
// that start before that is known do without.
func (s *server) tryHardware(ctx context.Context) {
	settings := s.settings().FFmpeg
	wanted := hardwareOf[settings.HWAccel]
	if wanted == transcode.HWNone {
		return
	}
	works, err := s.trial.probe(ctx, settings.Path, wanted)
	if ctx.Err() != nil {
		return
	}
	s.trial.at = time.Time{}
	if errors.Is(err, transcode.ErrStalled) {
		s.trial.times, s.trial.at = s.trial.times+1, time.Now()
	}
	switch {
	case err != nil && wanted == transcode.HWAuto:
		s.Log.Info("no hardware for encoding, the processor does it all", "reason", err)
	case err != nil:
		s.Log.Warn("hardware for encoding does not work, the processor does it all", "hwaccel", string(settings.HWAccel), "reason", err)
	default:
		s.Log.Info("hardware encodes", "hwaccel", string(works))
	}
	s.hardware.Store(&works)
}

// encodesWith gives the hardware for encoders that start now.
func (s *server) encodesWith() transcode.HWAccel {
	if works := s.hardware.Load(); works != nil {
		return *works
	}
	return transcode.HWNone
}

// tryFFmpeg finds out whether ffmpeg can be used, says how far it is confined, and looks
// for hardware. It gives what does not work for want of a good one.
func (s *server) tryFFmpeg(ctx context.Context) error {
	settings := s.settings()
	err := transcode.Check(ctx, settings.FFmpeg.Path)
	s.ffmpeg.Store(ffmpegFound(ctx, settings.FFmpeg.Path, err))
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err != nil {
		said := WithoutFFmpeg
		if without := needFFmpeg(settings.Cameras); len(without) > 0 {
			said += "; cameras without pictures: " + strings.Join(without, ", ")
		}
		return fmt.Errorf("%s: %w: %s", settings.FFmpeg.Path, err, said)
	}
	s.Log.Info("ffmpeg is confined", "by", transcode.Sandbox())
	if err := transcode.CheckH265(ctx, settings.FFmpeg.Path); err != nil && ctx.Err() == nil {
		s.Log.Warn(WithoutH265, "path", settings.FFmpeg.Path, "reason", err)
	}
	if s.hardware.Load() == nil {
		s.tryHardware(ctx)
	}
	return nil
}

// ffmpegFound is what is known of an ffmpeg that was tried, with what is wrong with
// it.
func ffmpegFound(ctx context.Context, path string, wrong error) *api.FFmpeg {
	found := &api.FFmpeg{Program: filepath.Base(path)}
	found.Version, _ = transcode.Version(ctx, path) // one that tells none has none
	if wrong != nil {
		found.Problem = wrong.Error()
	}
	return found
}

// WithoutFFmpeg is what an operator has to know whose ffmpeg is none.
const WithoutFFmpeg = "ffmpeg does not work, so test patterns, files, capture devices, and what has to be encoded do not either " +
	"(other sizes, JPEG of H.264 cameras, MP4 of JPEG cameras, JPEGs that browsers do not show): " +
	"install ffmpeg " + transcode.Oldest + " or newer with libx264, or name it under ffmpeg.path"

// WithoutH265 is what an operator has to know whose ffmpeg does all but that.
const WithoutH265 = "ffmpeg does not decode H.265, so cameras that send it are shown by browsers alone that do: " +
	"install an ffmpeg with the decoder hevc, or name it under ffmpeg.path"

// needFFmpeg lists the cameras that give nothing at all without ffmpeg.
func needFFmpeg(cameras []config.Camera) []string {
	ids := []string{}
	for _, camera := range cameras {
		if inputs[camera.Source.Kind].ffmpeg || camera.Normalize == config.NormalizeAlways {
			ids = append(ids, camera.ID)
		}
	}
	return ids
}
