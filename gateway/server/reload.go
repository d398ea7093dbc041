package server

import (
	"context"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/coreos/go-systemd/v22/daemon"

	"framegate/gateway/config"
	"framegate/gateway/notify"
	"framegate/gateway/regular"
	"framegate/gateway/stream"
	"framegate/gateway/watch"
)

// Reload is the configuration's way into a running server.
type Reload struct {
	File  string                                                         // "" where there is none
	Known []byte                                                         // what it held when it was last without a mistake
	Parse func(content []byte, kept config.Kept) (*config.Config, error) // as the start did, on top of what was given in the app
}

// again reads the configuration anew, on top of what was given in the app, and says what the
// file holds and what of the app does not fit any more.
func (r *Reload) again(kept config.Kept) (next *config.Config, content []byte, left map[string]error, err error) {
	content = r.Known // what it names may have changed
	if !regular.Given(r.File) {
		content, err = config.Read(r.File)
		if err == nil {
			err = config.CutOff(r.File, content, r.Known)
		}
		if err != nil {
			return nil, nil, nil, err
		}
	}
	next, left, err = config.Fit(kept, func(kept config.Kept) (*config.Config, error) { return r.Parse(content, kept) })
	return next, content, left, err
}

// refusal is why a configuration was not taken.
type refusal struct {
	err error
	at  time.Time
}

// reload reads the configuration and puts it into effect. A bad one leaves all
// as it is.
func (s *server) reload() {
	s.tell(daemon.SdNotifyReloading)
	defer s.tell(daemon.SdNotifyReady)
	s.configuring.Lock()
	defer s.configuring.Unlock()
	defer s.changed()
	next, content, left, err := s.Reload.again(s.kept)
	if err == nil {
		err = s.putIntoEffect(next, left, func() { s.refused.Store(nil) })
	}
	if err == nil {
		s.Reload.Known = content
	}
	if err != nil {
		s.refused.Store(&refusal{err, time.Now()})
		s.Log.Error("configuration not taken, the old one stays", "err", err)
		return
	}
	tellLeft(s.Log, left)
	s.Log.Info("configuration taken", "cameras", len(next.Cameras))
}

// putIntoEffect makes next the settings, of which some were left out, but for those
// that only a restart changes. The lock is held. What goes with them is done with
// them: who finds that they are others finds all of it.
func (s *server) putIntoEffect(next *config.Config, left map[string]error, with func()) error {
	if err := notify.Check(next.Notify); err != nil {
		return err
	}
	merged, keys := config.Merge(s.settings(), next)
	take := func() {
		with()
		s.left.Store(&left)
		s.wanted.Store(next)
		s.notifier.Apply(s.notifySettings(merged)) // who is new is told of what is changed with it
		s.current.Store(merged)                    // the last: package api tells of changes by it
	}
	if err := s.cameras.Configure(merged.Cameras, take); err != nil {
		return err
	}
	s.hub.SetLimits(viewerLimits(merged.Limits))
	if len(keys) > 0 {
		s.Log.Warn("some of the configuration takes a restart", "keys", keys)
	}
	return nil
}

func viewerLimits(l config.Limits) stream.Limits {
	return stream.Limits{
		Viewers:             l.Viewers,
		ViewersPerCamera:    l.ViewersPerCamera,
		ViewersPerPrincipal: l.ViewersPerPrincipal,
		ViewersPerAddress:   l.ViewersPerAddress,
	}
}

// configurationWatch gives what reloads whenever the file changes or the process
// gets SIGHUP, until ctx is done. From now on neither is missed, and SIGHUP does
// not end the process. Where the file cannot be watched, SIGHUP still works. The
// watch must be run, and once.
func (s *server) configurationWatch() func(ctx context.Context) {
	hangups := make(chan os.Signal, 1)
	signal.Notify(hangups, syscall.SIGHUP)
	changes, stop := watch.File(s.Reload.File, s.Reload.Known, s.Log)
	return func(ctx context.Context) {
		defer signal.Stop(hangups)
		defer stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-hangups:
			case <-changes:
			}
			s.reload()
		}
	}
}
