package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"path/filepath"
	"strings"
	"syscall"

	"framegate/gateway/certs"
	"framegate/gateway/config"
	"framegate/gateway/rendition"
	"framegate/gateway/store"
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
	if err := rehearse(env.ctx, settings); err != nil {
		return mistake(fmt.Errorf("framegate: %s", strings.ReplaceAll(err.Error(), "\n", "\nframegate: ")))
	}
	if err := transcode.Check(env.ctx, settings.FFmpeg.Path); err != nil {
		fmt.Fprintf(env.stderr, "framegate: warning: %s: %s: %v\n", withoutFFmpeg, settings.FFmpeg.Path, err)
	}
	cameras := fmt.Sprintf("%d cameras", len(settings.Cameras))
	if len(settings.Cameras) == 1 {
		cameras = "1 camera"
	}
	fmt.Fprintf(env.stdout, "good: %s, listening on %s\n", cameras, settings.Listen)
	return nil
}

// rehearse gives what serve would fail with, but for what other programs do.
func rehearse(ctx context.Context, c *config.Config) error {
	return errors.Join(checkListen(c.Listen), checkCertificate(c), store.Check(ctx, c.Data), checkSources(c))
}

// checkListen refuses an address that is not this machine's, or a port that is
// not for this user. One that is taken may be so by the server that runs.
func checkListen(address string) error {
	listener, err := net.Listen("tcp", address)
	if err != nil {
		if errors.Is(err, syscall.EADDRINUSE) {
			return nil
		}
		return err
	}
	return listener.Close()
}

// checkCertificate refuses certificates and keys that cannot be used.
func checkCertificate(c *config.Config) (err error) {
	switch c.TLS.Mode {
	case config.TLSFiles:
		_, err = certs.Files(c.TLS.Cert, c.TLS.Key, slog.New(slog.DiscardHandler))
	case config.TLSSelfSigned:
		err = certs.CheckAuthority(filepath.Join(c.Data, "tls"))
	}
	return err
}

// checkSources refuses cameras that no input takes.
func checkSources(c *config.Config) error {
	g := &gateway{log: slog.New(slog.DiscardHandler), hits: newHits(), encoders: rendition.NewSlots(c.Limits.Encoders, c.Limits.EncoderStarts)}
	g.current.Store(c)
	var wrong []error
	for _, of := range c.Cameras {
		if _, err := g.newSource(camera{Camera: of}); err != nil {
			wrong = append(wrong, fmt.Errorf("camera %s: %w", of.ID, err))
		}
	}
	return errors.Join(wrong...)
}
