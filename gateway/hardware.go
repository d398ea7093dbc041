package main

import (
	"context"
	"log/slog"

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

// tryHardware finds out whether the hardware that is asked for works. Encoders
// that start before that is known do without.
func (g *gateway) tryHardware(ctx context.Context) {
	settings := g.settings().FFmpeg
	wanted := hardwareOf[settings.HWAccel]
	if wanted == transcode.HWNone {
		return
	}
	works, err := transcode.Probe(ctx, settings.Path, wanted)
	switch {
	case ctx.Err() != nil:
		return
	case err != nil && wanted == transcode.HWAuto:
		g.log.Info("no hardware for encoding, the processor does it all", "reason", err)
	case err != nil:
		g.log.Warn("hardware for encoding does not work, the processor does it all", "hwaccel", string(settings.HWAccel), "reason", err)
	default:
		g.log.Info("hardware encodes", "hwaccel", string(works))
	}
	g.hardware.Store(&works)
}

// encodesWith gives the hardware for encoders that start now.
func (g *gateway) encodesWith() transcode.HWAccel {
	if works := g.hardware.Load(); works != nil {
		return *works
	}
	return transcode.HWNone
}

// logSandbox says once how far ffmpeg is confined.
func logSandbox(log *slog.Logger) { log.Info("ffmpeg is confined", "by", transcode.Sandbox()) }
