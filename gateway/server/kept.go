package server

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net"
	"slices"

	"framegate/gateway/api"
	"framegate/gateway/config"
	"framegate/gateway/notify"
	"framegate/gateway/output/rtspserver"
	"framegate/gateway/store"
)

// startLayers puts what was given in the app under the configuration that the server begins
// with. What does not fit is said and left out, so that a server always starts on
// what its file says.
func (s *server) startLayers(ctx context.Context) error {
	if s.Reload.Parse == nil {
		return nil
	}
	kept, err := keptIn(ctx, s.store, s.Log)
	if err != nil {
		return err
	}
	next, left, err := config.Fit(kept, func(kept config.Kept) (*config.Config, error) { return s.Reload.parseChecked(kept, nil) })
	if err != nil {
		return err
	}
	tellLeft(s.Log, left)
	s.kept, s.Config = kept, next
	s.left.Store(&left)
	s.current.Store(next)
	s.wanted.Store(next)
	return nil
}

// keptIn reads what was given in the app.
func keptIn(ctx context.Context, from *store.Store, log *slog.Logger) (config.Kept, error) {
	rows, err := from.Settings(ctx)
	if err != nil {
		return nil, err
	}
	kept, broken := api.KeptSettings(rows)
	for key, err := range broken {
		log.Error("a setting that was given in the app cannot be read, and is left out", "key", key, "err", err)
	}
	return kept, nil
}

// tellLeft says what is left out.
func tellLeft(log *slog.Logger, left map[string]error) {
	for _, key := range slices.Sorted(maps.Keys(left)) {
		log.Error("a setting that was given in the app does not fit, and is left out", "key", key, "err", left[key])
	}
}

// parseChecked gives what the file that was last without a mistake and the app say, after
// a look at what else has to fit where the app gives it. now is in effect; nil for
// nothing yet.
func (r *Reload) parseChecked(kept config.Kept, now *config.Config) (*config.Config, error) {
	next, err := r.Parse(r.Known, kept)
	if err != nil {
		return nil, err
	}
	if err := notify.Check(next.Notify); err != nil {
		return nil, err
	}
	return next, checkDoors(next, now)
}

// door is a setting that says where to listen.
type door struct {
	key, network string
	at           func(*config.Config) string // "" for nowhere
}

// doors are all of them but those of HTTP and the cluster.
var doors = []door{
	{"rtsp.listen", "tcp", func(c *config.Config) string { return c.RTSP.Listen }},
	{"rtsp.tls_listen", "tcp", func(c *config.Config) string { return c.RTSP.TLSListen }},
	{"rtsp.udp", "udp", func(c *config.Config) string { return c.RTSP.UDP }},
	{"rtmp.listen", "tcp", func(c *config.Config) string { return c.RTMP.Listen }},
	{"rtmp.tls_listen", "tcp", func(c *config.Config) string { return c.RTMP.TLSListen }},
	{"webrtc.listen", "tcp", func(c *config.Config) string {
		if c.WebRTC.Listen == config.WebRTCAuto || c.WebRTC.Listen == config.WebRTCOff {
			return ""
		}
		return c.WebRTC.Listen
	}},
}

// checkDoors tries to listen where the app says, unless this server does already: one that is
// taken must not keep the next start from going on. Two may not be the same either.
func checkDoors(next, now *config.Config) error {
	at := map[string]string{"tcp " + next.Listen: "listen"}
	for _, d := range doors {
		address := d.at(next)
		by, _ := next.Given(d.key)
		other := at[d.network+" "+address]
		at[d.network+" "+address] = d.key
		switch {
		case address == "" || by != config.OriginApp:
			continue
		case other != "" && !anyPort(address):
			return fmt.Errorf("is where %s listens too", other)
		case now != nil && slices.ContainsFunc(doors, func(o door) bool { return o.network == d.network && o.at(now) == address }):
			continue
		}
		if err := tryDoor(d.key, d.network, address); err != nil {
			return err
		}
	}
	return nil
}

func anyPort(address string) bool {
	_, port, err := net.SplitHostPort(address)
	return err == nil && port == "0"
}

// tryDoor listens for a moment: for RTSP at both of the ports of a pair.
func tryDoor(key, network, address string) error {
	if key == "rtsp.udp" {
		return rtspserver.TryUDP(address)
	}
	if network == "udp" {
		l, err := net.ListenPacket(network, address)
		if err != nil {
			return err
		}
		return l.Close()
	}
	l, err := net.Listen(network, address)
	if err != nil {
		return err
	}
	return l.Close()
}

// errNoLayers says that a server was made of a configuration that it cannot read again.
var errNoLayers = errors.New("this server cannot read its configuration again")

// FitSettings gives what would be configured if these were given in the app, and says, by
// key, what would not fit. Nothing is changed.
func (s control) FitSettings(kept config.Kept) (next *config.Config, left map[string]error, err error) {
	if s.Reload.Parse == nil {
		return nil, nil, errNoLayers
	}
	s.configuring.Lock()
	defer s.configuring.Unlock()
	return config.Fit(kept, func(kept config.Kept) (*config.Config, error) { return s.Reload.parseChecked(kept, s.settings()) })
}

// TakeSettings puts into effect that these are given in the app.
func (s control) TakeSettings(kept config.Kept) error {
	if s.Reload.Parse == nil {
		return errNoLayers
	}
	s.configuring.Lock()
	defer s.configuring.Unlock()
	defer s.changed()
	next, left, err := config.Fit(kept, func(kept config.Kept) (*config.Config, error) { return s.Reload.Parse(s.Reload.Known, kept) })
	if err != nil {
		return err
	}
	if err := s.putIntoEffect(next, left, func() {}); err != nil {
		return err
	}
	tellLeft(s.Log, left)
	s.kept = kept
	return nil
}

// readSettings puts into effect what the store has, where that is something else, as after
// another node changed it.
func (s *server) readSettings(ctx context.Context) {
	kept, err := keptIn(ctx, s.store, s.Log)
	if err != nil {
		s.Log.Error("settings that other nodes changed are not put into effect", "err", err)
		return
	}
	s.configuring.Lock()
	same := maps.EqualFunc(s.kept, kept, slices.Equal)
	s.configuring.Unlock()
	if same || s.Reload.Parse == nil {
		return
	}
	if err := (control{s}).TakeSettings(kept); err != nil {
		s.Log.Error("settings that other nodes changed are not put into effect", "err", err)
		return
	}
	s.Log.Info("settings changed at another node")
}

// Layered gives a configuration with what was given in the app, where there is a data folder, and
// says what is left out of that. parse makes one with what it is given.
func Layered(ctx context.Context, c *config.Config, parse func(config.Kept) (*config.Config, error)) (_ *config.Config, left map[string]error) {
	if is, err := store.Exists(c.Data); err != nil || !is {
		return c, nil
	}
	from, err := store.OpenAsItIs(ctx, c.Data)
	if err != nil {
		return c, nil // store.Check says what is wrong, and one of an older form has none
	}
	defer from.Close()
	kept, err := keptIn(ctx, from, slog.New(slog.DiscardHandler))
	if err != nil {
		return c, nil
	}
	next, left, err := config.Fit(kept, func(kept config.Kept) (*config.Config, error) {
		next, err := parse(kept)
		if err != nil {
			return nil, err
		}
		return next, possibleDoors(next)
	})
	if err != nil {
		return c, nil
	}
	if added, _, err := api.AddedNotified(ctx, from); err == nil { // those that are broken the server says
		told := *next
		told.Notify = next.Notify.With(added)
		next = &told
	}
	return next, left
}

// possibleDoors is checkDoors beside a server that may run.
func possibleDoors(c *config.Config) error {
	for _, d := range doors {
		if by, _ := c.Given(d.key); by != config.OriginApp || d.network != "tcp" {
			continue
		}
		if err := checkListen(d.at(c)); err != nil {
			return err
		}
	}
	return nil
}
