package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"sync/atomic"
	"time"

	"framegate/gateway/config"
)

// Limits on what a client may do before it is anybody.
const (
	maxHeaderBytes    = 16 << 10
	readHeaderTimeout = 5 * time.Second
	idleTimeout       = 60 * time.Second
	// shutdownGrace is what the last requests get to end; the process is gone
	// within five seconds after the signal.
	shutdownGrace = 4 * time.Second
)

// serve runs the gateway until ctx is done, and then ends it in order: not
// ready, no new connections, the viewers at the end of a part, the cameras.
// The addresses to open go to stdout once it listens.
func serve(ctx context.Context, c *config.Config, log *slog.Logger, stdout io.Writer) error {
	listener, err := net.Listen("tcp", c.Listen)
	if err != nil {
		return err
	}
	defer listener.Close()
	g, err := newGateway(c, log)
	if err != nil {
		return err
	}
	var ready atomic.Bool
	requests, endRequests := context.WithCancel(context.WithoutCancel(ctx))
	defer endRequests()
	server := &http.Server{
		Handler:           g.handler(&ready),
		ReadHeaderTimeout: readHeaderTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHeaderBytes,
		BaseContext:       func(net.Listener) context.Context { return requests },
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelDebug),
	}
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }() // ends with Shutdown below
	ready.Store(true)
	announce(stdout, c, listener.Addr())
	log.Info("framegate listens", "address", listener.Addr().String(), "version", version(), "cameras", len(c.Cameras))

	select {
	case err = <-failed:
	case <-ctx.Done():
	}
	ready.Store(false)
	log.Info("framegate ends")
	grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), shutdownGrace)
	defer cancel()
	stopped := make(chan error, 1)
	go func() { stopped <- server.Shutdown(grace) }() // stops accepting at once, then waits for requests
	endRequests()
	g.close()
	if shutdownErr := <-stopped; shutdownErr != nil {
		server.Close()
	}
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return err
}

// announce prints where to go.
func announce(w io.Writer, c *config.Config, addr net.Addr) {
	base := "http://" + reachable(addr)
	fmt.Fprintf(w, "Framegate is running.\n\n  watch      %s/\n", base)
	for _, camera := range c.Cameras {
		if camera.Source.Kind == config.SourceUpload {
			fmt.Fprintf(w, "  broadcast  %s/broadcast/%s\n", base, camera.ID)
		}
	}
	for _, camera := range c.Cameras {
		fmt.Fprintf(w, "  stream     %s/live/%s.mjpeg\n", base, camera.ID)
	}
	fmt.Fprintln(w)
}

// reachable is a listener's address as a browser on this machine takes it.
func reachable(addr net.Addr) string {
	host, port, err := net.SplitHostPort(addr.String())
	if err != nil {
		return addr.String()
	}
	if ip := net.ParseIP(host); ip == nil || ip.IsUnspecified() {
		host = "localhost"
	}
	return net.JoinHostPort(host, port)
}
