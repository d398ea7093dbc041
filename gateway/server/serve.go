package server

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/coreos/go-systemd/v22/daemon"

	"framegate/gateway/auth"
	"framegate/gateway/config"
	"framegate/gateway/front"
	"framegate/gateway/httplimit"
)

// shutdownGrace is what the last requests get to end; the process is gone within
// five seconds after the signal.
const shutdownGrace = 4 * time.Second

// Serve runs a server until ctx is done, and then ends it in order: drained, for as long as
// it was told, not ready, no new connections, the viewers at the end of a part, the cameras.
// It returns within five seconds after it has drained; nil if all went well. The addresses
// to open go to stdout once it listens. A service manager that started this process is
// told of start, reloads and end (sd_notify(3)).
func Serve(ctx context.Context, o Options, stdout io.Writer) error {
	listener, err := o.listen()
	if err != nil {
		return err
	}
	defer listener.Close()
	s, err := newServer(ctx, o, listener.Addr().(*net.TCPAddr).AddrPort())
	if err != nil {
		return err
	}
	var first *auth.FirstStart
	if s.node == nil { // else other nodes may have an admin
		if first, err = s.firstStart(ctx); err != nil {
			s.close()
			return err
		}
	}
	requests, endRequests := context.WithCancel(context.WithoutCancel(ctx))
	defer endRequests()
	server := &http.Server{
		Handler:     s.front.Handler(),
		BaseContext: func(net.Listener) context.Context { return requests },
		ErrorLog:    slog.NewLogLogger(o.Log.Handler(), slog.LevelDebug),
	}
	served := httplimit.Put(s.httpLimits(s.Config.Limits), server, listener, s.hits.Hit)
	failed := make(chan error, 1)
	go func() { failed <- s.identity.Serve(server, served) }() // ends with Shutdown below
	var lives sync.WaitGroup
	living, endLives := context.WithCancel(context.WithoutCancel(ctx))
	defer endLives()
	watchConfiguration := s.configurationWatch()
	lives.Go(func() { watchConfiguration(living) })
	lives.Go(func() { _ = s.auth.Run(living) }) // gives nil
	lives.Go(func() { _ = s.api.Run(living) })  // gives nil
	lives.Go(func() { s.health.Run(living) })
	lives.Go(func() { s.notifier.Run(living) })
	var works sync.WaitGroup // which may take the time that viewers get
	works.Go(func() { s.thumbnails.Run(living) })
	works.Go(func() { s.exports.Run(living) })
	s.serveRTSP(works.Go) // until close
	s.serveRTMP(works.Go) // likewise
	s.node.serve(living, lives.Go, works.Go)
	s.recordings.Start(ctx)
	s.front.SetReady(true)
	announce(stdout, s.Config, s.identity, reachable(listener.Addr()), first)
	if s.node != nil {
		lives.Go(func() { s.firstOfAll(living, stdout, reachable(listener.Addr())) })
	}
	o.Log.Info("framegate listens", "address", listener.Addr().String(), "data", s.store.Dir(), "version", o.Version, "cameras", len(s.Config.Cameras))
	s.tell(daemon.SdNotifyReady)

	select {
	case err = <-failed:
	case <-ctx.Done():
	}
	s.tell(daemon.SdNotifyStopping)
	s.node.leave()
	if ctx.Err() != nil {
		s.drain(o.Drain)
	}
	s.front.SetReady(false)
	o.Log.Info("framegate ends")
	grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), shutdownGrace)
	defer cancel()
	stopped := make(chan error, 1)
	go func() {
		err := server.Shutdown(grace) // stops accepting at once, then waits for requests
		if err != nil {
			server.Close() // which ends writes to HTTP/2 clients that take nothing, and for which close waits
		}
		stopped <- err
	}()
	endRequests()
	endLives()
	lives.Wait()
	s.close()
	works.Wait()
	<-stopped
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return err
}

// listen opens the socket, where it is not open yet.
func (o Options) listen() (net.Listener, error) {
	if o.Socket != nil {
		return o.Socket, nil
	}
	return net.Listen("tcp", o.Config.Listen)
}

// tell tells the service manager how it is, where there is one.
func (s *server) tell(state string) {
	if _, err := daemon.SdNotify(false, state); err != nil {
		s.Log.Warn("the service manager is not told how it is", "state", state, "err", err)
	}
}

// firstStart makes an admin where there is none and one is needed.
func (s *server) firstStart(ctx context.Context) (*auth.FirstStart, error) {
	if s.settings().Auth == config.AuthOff {
		return nil, nil
	}
	return s.auth.FirstStart(ctx)
}

// announce prints where to go, and at the first start how to get in: it is not
// kept anywhere and not said again.
func announce(w io.Writer, c *config.Config, proof front.Identity, address string, first *auth.FirstStart) {
	base := proof.Scheme() + "://" + address
	fmt.Fprintf(w, "Framegate is running.\n\n  watch      %s/\n", base)
	if first != nil {
		announceFirst(w, base, first)
	}
	if fingerprint := proof.Fingerprint(); fingerprint != "" {
		fmt.Fprintf(w, "  trust      %s/ca.crt   (once, on each device that is to know this server)\n", base)
		fmt.Fprintf(w, "             whose SHA-256 fingerprint is %s\n", fingerprint)
	}
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

// announceFirst prints how to get in at the first start.
func announceFirst(w io.Writer, base string, first *auth.FirstStart) {
	fmt.Fprintf(w, "  log in     %s/login#%s   (once, within ten minutes)\n", base, first.Login.Reveal())
	fmt.Fprintf(w, "             or as %s with the password %s\n", first.User, first.Password.Reveal())
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
