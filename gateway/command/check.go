package command

import (
	"fmt"
	"strings"

	"framegate/gateway/config"
	"framegate/gateway/server"
	"framegate/transcode"
)

// checkCommand says whether serve would start with the same words behind it.
type checkCommand struct {
	serveFlags
	File string `arg:"" optional:"" help:"The configuration, as behind --config."`
}

// Run looks for all that serve would refuse, and makes nothing. Serve would
// start without a good ffmpeg, so that is only told.
func (c *checkCommand) Run(env *environment) error {
	if c.File != "" && c.Config != "" {
		return mistake(fmt.Errorf("framegate: check %s and --config %s: name one configuration", c.File, c.Config))
	}
	c.Config += c.File
	content, err := config.Read(c.Config)
	if err != nil {
		return mistake(err)
	}
	settings, err := c.settings(env, content)
	if err != nil {
		return err
	}
	if err := server.Check(env.ctx, settings); err != nil {
		return mistake(fmt.Errorf("framegate: %s", strings.ReplaceAll(err.Error(), "\n", "\nframegate: ")))
	}
	if err := transcode.Check(env.ctx, settings.FFmpeg.Path); err != nil {
		fmt.Fprintf(env.stderr, "framegate: warning: %s: %s: %v\n", server.WithoutFFmpeg, settings.FFmpeg.Path, err)
	}
	cameras := fmt.Sprintf("%d cameras", len(settings.Cameras))
	if len(settings.Cameras) == 1 {
		cameras = "1 camera"
	}
	fmt.Fprintf(env.stdout, "good: %s, listening on %s\n", cameras, settings.Listen)
	return nil
}
