package main

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"github.com/fsnotify/fsnotify"

	"framegate/gateway/config"
	"framegate/gateway/regular"
	"framegate/gateway/stream"
)

const (
	// settle is how long a file is left alone after a change before it is read:
	// editors and copies write it in several steps.
	settle = 200 * time.Millisecond
	// settleAtMost is after how long it is read although its folder does not
	// come to rest, because others write there; or although it does not end with
	// an end of line, as if a part were yet to come.
	settleAtMost = 10 * settle
	// writtenAtMost is after how long without another byte it is read although
	// somebody still has it open to write.
	writtenAtMost = time.Minute
)

// reloading is the configuration's way into a running gateway.
type reloading struct {
	file  string                                       // "" where there is none
	known []byte                                       // what it held when it was last without a mistake
	parse func(content []byte) (*config.Config, error) // as the start did
}

// again reads the configuration anew.
func (r *reloading) again() (*config.Config, error) {
	if regular.Given(r.file) {
		return r.parse(r.known) // what it names may have changed
	}
	content, err := config.Read(r.file)
	if err == nil {
		err = config.CutOff(r.file, content, r.known)
	}
	if err != nil {
		return nil, err
	}
	next, err := r.parse(content)
	if err == nil {
		r.known = content
	}
	return next, err
}

// refusal is why a configuration was not taken.
type refusal struct {
	err error
	at  time.Time
}

// reload reads the configuration and puts it into effect. A bad one leaves all
// as it is.
func (g *gateway) reload() {
	next, err := g.reloading.again()
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
	merged, keys := config.Merge(g.settings(), next)
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

// contentOf gives what a file holds, nil where there is none, and whether it
// is to be left alone for some time yet.
func contentOf(name string) (content []byte, patience time.Duration) {
	f, err := regular.Open(name)
	if err != nil {
		return nil, 0
	}
	defer f.Close()
	// More than a configuration may have is not taken, which whoever reads it says.
	if content, err = io.ReadAll(io.LimitReader(f, 2<<20)); err != nil {
		return nil, 0
	}
	switch writers := writersOf(f); {
	case writers == some:
		return content, writtenAtMost
	case writers == unknown && !bytes.HasSuffix(content, []byte("\n")):
		return content, settleAtMost
	}
	return content, 0
}

// openness says whether others have a file open to write.
type openness int

const (
	unknown openness = iota
	none
	some
)

// watchFile gives a token each time the content of a file has become another
// than what is known.
func watchFile(name string, known []byte, log *slog.Logger) (changes <-chan struct{}, stop func()) {
	if name == "" || regular.Given(name) {
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
	pending []byte    // what is to be known once it is whole
	since   time.Time // when that was first seen
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
			if !w.look() {
				quiet.Reset(settle)
			}
		}
	}
}

// look gives a token if the file's content is another. Something beside it may
// have changed instead, or it is being replaced at this moment. It is not done
// while the file is still being written.
func (w *fileWatch) look() (done bool) {
	w.follow()
	content, patience := contentOf(w.name)
	if content == nil || bytes.Equal(content, w.known) {
		w.since = time.Time{}
		return true
	}
	if w.since.IsZero() || !bytes.Equal(content, w.pending) {
		w.pending, w.since = content, time.Now()
	}
	if time.Since(w.since) < patience {
		return false
	}
	w.known, w.pending, w.since = content, nil, time.Time{}
	select {
	case w.tokens <- struct{}{}:
	default: // there is one already
	}
	return true
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
