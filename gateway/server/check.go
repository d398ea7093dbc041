package server

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"path/filepath"
	"syscall"

	"framegate/gateway/certs"
	"framegate/gateway/cluster"
	"framegate/gateway/config"
	"framegate/gateway/notify"
	"framegate/gateway/roster"
	"framegate/gateway/store"
)

// Check gives what Serve would fail with, but for what other programs do. It
// makes nothing.
func Check(ctx context.Context, c *config.Config) error {
	return errors.Join(checkListen(c.Listen), checkListen(c.RTSP.Listen), checkListen(c.RTSP.TLSListen), checkListen(c.RTMP.Listen), checkListen(c.RTMP.TLSListen), checkListen(webRTCListen(c)), checkCertificate(c), checkNode(c), store.Check(ctx, c.Data), notify.Check(c.Notify), checkSources(c))
}

// checkListen refuses an address that is not this machine's, or a port that is
// not for this user. One that is taken may be so by the server that runs.
func checkListen(address string) error {
	if address == "" {
		return nil
	}
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

// checkNode refuses a cluster that this server is no node of.
func checkNode(c *config.Config) error {
	if c.Cluster.Name == "" {
		return nil
	}
	_, err := identityOf(c, cluster.ReadToken)
	if len(c.Cluster.NATS.URLs) > 0 {
		_, wrong := natsOf(c.Cluster.NATS)
		return errors.Join(err, wrong, checkListen(c.Cluster.RelayListen))
	}
	return errors.Join(err, checkListen(c.Cluster.Listen), checkListen(c.Cluster.RelayListen))
}

// checkSources refuses cameras that no input takes.
func checkSources(c *config.Config) error {
	s := newParts(Options{Config: c, Log: slog.New(slog.DiscardHandler)})
	var wrong []error
	for _, of := range c.Cameras {
		c := roster.Camera{Camera: of}
		if _, err := s.newSource(c); err != nil {
			wrong = append(wrong, fmt.Errorf("camera %s: %w", of.ID, err))
		}
		if of.Sub.Kind == "" {
			continue
		}
		if _, err := s.newSource(c.SubStream()); err != nil {
			wrong = append(wrong, fmt.Errorf("sub-stream of camera %s: %w", of.ID, err))
		}
	}
	return errors.Join(wrong...)
}
