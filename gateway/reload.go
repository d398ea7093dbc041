package main

import (
	"bytes"
	"context"
	"log/slog"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"sync"
	"syscall"
	"time"

	"github.com/fsnotify/fsnotify"

	"framegate/gateway/config"
	"framegate/gateway/stream"
)

// settle is how long a file is left alone after a change before it is read:
// editors and copies write it in several steps.
const settle = 200 * time.Millisecond

// reloading is the configuration's way into a running gateway.
type reloading struct {
	file string                         // "" where there is none to watch
	load func() (*config.Config, error) // reads it as the start did
}

// reload reads the configuration and puts it into effect. A bad one leaves all
// as it is.
func (g *gateway) reload() {
	next, err := g.reloading.load()
	if err == nil {
		err = g.putIntoEffect(next)
	}
	if err != nil {
		g.refused.Store(&err)
		g.log.Error("configuration not taken, the old one stays", "err", err)
		return
	}
	g.refused.Store(nil)
	g.log.Info("configuration taken", "cameras", len(next.Cameras))
}

// putIntoEffect makes next the settings, but for those that only a restart
// changes.
func (g *gateway) putIntoEffect(next *config.Config) error {
	now := g.settings()
	if keys := restartKeys(now, next); len(keys) > 0 {
		g.log.Warn("some of the configuration takes a restart", "keys", keys)
	}
	merged := *next
	merged.Listen, merged.Data, merged.Auth, merged.TLS, merged.FFmpeg = now.Listen, now.Data, now.Auth, now.TLS, now.FFmpeg
	g.hub.SetLimits(viewerLimits(merged.Limits))
	g.current.Store(&merged)
	if err := g.refreshCameras(); err != nil {
		g.current.Store(now)
		return err
	}
	return nil
}

// restartKeys names what differs and cannot change while we run.
func restartKeys(now, next *config.Config) []string {
	var keys []string
	for key, differs := range map[string]bool{
		"listen": now.Listen != next.Listen,
		"data":   now.Data != next.Data,
		"auth":   now.Auth != next.Auth,
		"tls":    now.TLS != next.TLS,
		"ffmpeg": now.FFmpeg != next.FFmpeg,
	} {
		if differs {
			keys = append(keys, key)
		}
	}
	slices.Sort(keys)
	return keys
}

func viewerLimits(l config.Limits) stream.Limits {
	return stream.Limits{
		Viewers:             l.Viewers,
		ViewersPerCamera:    l.ViewersPerCamera,
		ViewersPerPrincipal: l.ViewersPerPrincipal,
		ViewersPerAddress:   l.ViewersPerAddress,
	}
}

// watchConfiguration reloads whenever the file changes or the process gets
// SIGHUP, until ctx is done. Where the file cannot be watched, SIGHUP still
// works.
func (g *gateway) watchConfiguration(ctx context.Context) {
	hangups := make(chan os.Signal, 1)
	signal.Notify(hangups, syscall.SIGHUP)
	defer signal.Stop(hangups)
	changes, stop := watchFile(g.reloading.file, g.log)
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

// watchFile gives a token each time the content of a file has become another.
// It watches the folder, since editors put a new file in the old one's place,
// and so does Kubernetes with the folder's.
func watchFile(name string, log *slog.Logger) (changes <-chan struct{}, stop func()) {
	if name == "" {
		return nil, func() {}
	}
	watcher, err := fsnotify.NewWatcher()
	if err == nil {
		err = watcher.Add(filepath.Dir(name))
	}
	if err != nil {
		log.Warn("the configuration is not watched; send SIGHUP after changes", "err", err)
		return nil, func() {}
	}
	tokens := make(chan struct{}, 1)
	var watching sync.WaitGroup
	watching.Go(func() { tellChanges(name, watcher, tokens) }) // ends when the watcher is closed
	return tokens, func() {
		watcher.Close()
		watching.Wait()
	}
}

func tellChanges(name string, watcher *fsnotify.Watcher, tokens chan<- struct{}) {
	known, _ := os.ReadFile(name) // the start reports what is wrong with it
	quiet := time.NewTimer(0)
	defer quiet.Stop()
	for {
		select {
		case _, open := <-watcher.Events:
			if !open {
				return
			}
			quiet.Reset(settle)
		case _, open := <-watcher.Errors: // events were lost
			if !open {
				return
			}
			quiet.Reset(settle)
		case <-quiet.C:
			content, err := os.ReadFile(name)
			if err != nil || bytes.Equal(content, known) {
				continue // it is being replaced, or something beside it changed
			}
			known = content
			select {
			case tokens <- struct{}{}:
			default: // there is one already
			}
		}
	}
}
