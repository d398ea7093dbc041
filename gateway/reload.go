package main

import (
	"bytes"
	"context"
	"log/slog"
	"os"
	"os/signal"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"github.com/fsnotify/fsnotify"

	"framegate/gateway/config"
	"framegate/gateway/stream"
)

const (
	// settle is how long a file is left alone after a change before it is read:
	// editors and copies write it in several steps.
	settle = 200 * time.Millisecond
	// settleAtMost is after how long it is read although its folder does not
	// come to rest, because others write there.
	settleAtMost = 10 * settle
)

// reloading is the configuration's way into a running gateway.
type reloading struct {
	file  string                         // "" where there is none to watch
	known []byte                         // what it held before the start read it
	load  func() (*config.Config, error) // reads it as the start did
}

// refusal is why a configuration was not taken.
type refusal struct {
	err error
	at  time.Time
}

// reload reads the configuration and puts it into effect. A bad one leaves all
// as it is.
func (g *gateway) reload() {
	next, err := g.reloading.load()
	if err == nil {
		err = g.putIntoEffect(next)
	}
	if err != nil {
		g.refused.Store(&refusal{err, time.Now()})
		g.log.Error("configuration not taken, the old one stays", "err", err)
		return
	}
	g.refused.Store(nil)
	g.log.Info("configuration taken", "cameras", len(next.Cameras))
}

// putIntoEffect makes next the settings, but for those that only a restart
// changes.
func (g *gateway) putIntoEffect(next *config.Config) error {
	merged, keys := withoutRestart(g.settings(), next)
	if err := g.changeCameras(merged, nil); err != nil {
		return err
	}
	g.hub.SetLimits(viewerLimits(merged.Limits))
	g.waiting.Store(&keys)
	if len(keys) > 0 {
		g.log.Warn("some of the configuration takes a restart", "keys", keys)
	}
	return nil
}

// restartOnly are the keys, and sections of keys, that only a restart changes.
// All limits but those on viewers, and on what the API takes, are given to what
// they bound when it is made.
var restartOnly = []string{
	"auth", "data", "ffmpeg", "listen", "tls",
	"limits.camera_connect", "limits.camera_first_byte", "limits.camera_silence",
	"limits.encoder_starts", "limits.encoders", "limits.frame_bytes",
	"limits.header_bytes", "limits.header_timeout", "limits.idle_timeout",
	"limits.post_bytes", "limits.post_time", "limits.posts_per_address",
	"limits.publisher_bytes", "limits.publisher_fps", "limits.viewer_patience",
}

// withoutRestart gives what of next can be in effect while we run, and the keys
// of all else in which it differs.
func withoutRestart(now, next *config.Config) (merged *config.Config, keys []string) {
	m := *next
	keep := func(key string, differs bool) {
		if differs {
			keys = append(keys, key)
		}
	}
	m.Auth, m.Data, m.FFmpeg, m.Listen, m.TLS = now.Auth, now.Data, now.FFmpeg, now.Listen, now.TLS
	limits, restart := takenLimits(now.Limits, next.Limits)
	m.Limits = limits
	keep("auth", m.Auth != next.Auth)
	keep("data", m.Data != next.Data)
	keep("ffmpeg", m.FFmpeg != next.FFmpeg)
	keep("limits", restart)
	keep("listen", m.Listen != next.Listen)
	keep("tls", m.TLS != next.TLS)
	return &m, keys
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
func (g *gateway) configurationWatch() func(ctx context.Context) {
	hangups := make(chan os.Signal, 1)
	signal.Notify(hangups, syscall.SIGHUP)
	changes, stop := watchFile(g.reloading.file, g.reloading.known, g.log)
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
			g.reload()
		}
	}
}

// contentOf reads a file that can be read again: a pipe cannot.
func contentOf(name string) []byte {
	if info, err := os.Stat(name); err != nil || !info.Mode().IsRegular() {
		return nil
	}
	content, _ := os.ReadFile(name) // whoever needs it reports what is wrong with it
	return content
}

// watchFile gives a token each time the content of a file has become another
// than what is known.
func watchFile(name string, known []byte, log *slog.Logger) (changes <-chan struct{}, stop func()) {
	if name == "" || known == nil {
		return nil, func() {}
	}
	watcher, err := fsnotify.NewWatcher()
	w := &fileWatch{name: name, known: known, watcher: watcher, tokens: make(chan struct{}, 1)}
	if err == nil {
		if err = watcher.Add(filepath.Dir(name)); err != nil {
			watcher.Close()
		}
	}
	if err != nil {
		log.Warn("the configuration is not watched; send SIGHUP after changes", "err", err)
		return nil, func() {}
	}
	w.follow()
	var watching sync.WaitGroup
	watching.Go(w.run) // ends when the watcher is closed
	return w.tokens, func() {
		watcher.Close()
		watching.Wait()
	}
}

// fileWatch watches a file's folder, since editors put a new file in the old
// one's place, and so does Kubernetes with the folder's; and where the name is
// a link, the folder of what it leads to, for which the same is true.
type fileWatch struct {
	name    string
	target  string // the other folder that is watched; "" for none
	known   []byte
	watcher *fsnotify.Watcher
	tokens  chan struct{} // cap 1
}

func (w *fileWatch) run() {
	quiet := time.NewTimer(0) // it may have changed before it was watched
	defer quiet.Stop()
	var since time.Time // of the first event that was not followed by a look
	wait := func() {
		if since.IsZero() {
			since = time.Now()
		}
		quiet.Reset(max(0, min(settle, settleAtMost-time.Since(since))))
	}
	for {
		select {
		case _, open := <-w.watcher.Events:
			if !open {
				return
			}
			wait()
		case _, open := <-w.watcher.Errors: // events were lost
			if !open {
				return
			}
			wait()
		case <-quiet.C:
			since = time.Time{}
			w.look()
		}
	}
}

// look gives a token if the file's content is another. Something beside it may
// have changed instead, or it is being replaced at this moment.
func (w *fileWatch) look() {
	w.follow()
	content := contentOf(w.name)
	if content == nil || bytes.Equal(content, w.known) {
		return
	}
	w.known = content
	select {
	case w.tokens <- struct{}{}:
	default: // there is one already
	}
}

// follow watches where the name leads to now.
func (w *fileWatch) follow() {
	file, err := filepath.EvalSymlinks(w.name)
	if err != nil {
		return // it is being replaced
	}
	target := filepath.Dir(file)
	if target == w.target {
		return
	}
	folder, err := filepath.EvalSymlinks(filepath.Dir(w.name))
	if w.target != "" && w.target != folder {
		_ = w.watcher.Remove(w.target) // it may be gone
	}
	w.target = target
	if err == nil && target != folder {
		_ = w.watcher.Add(target) // without it, SIGHUP still works
	}
}
