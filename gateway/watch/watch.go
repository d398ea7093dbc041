// Package watch notices when a file has come to hold something else.
package watch

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"log/slog"
	"path/filepath"
	"sync"
	"time"

	"github.com/fsnotify/fsnotify"

	"framegate/gateway/regular"
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
	// maxBytes is of how much of a file changes are noticed.
	maxBytes = 2 << 20
)

// contentOf gives what a file holds, nil where there is none, and whether it
// is to be left alone for some time yet. What cannot be read holds why, so that
// whoever reads it says so.
func contentOf(name string) (content []byte, patience time.Duration) {
	f, err := regular.Open(name)
	if err != nil {
		return unreadable(err)
	}
	defer f.Close()
	// More than that is not taken, which whoever reads it says.
	if content, err = io.ReadAll(io.LimitReader(f, maxBytes)); err != nil {
		return unreadable(err)
	}
	switch writers := writersOf(f); {
	case writers == some:
		return content, writtenAtMost
	case writers == unknown && !bytes.HasSuffix(content, []byte("\n")):
		return content, settleAtMost
	}
	return content, 0
}

func unreadable(why error) (content []byte, patience time.Duration) {
	if errors.Is(why, fs.ErrNotExist) {
		return nil, 0 // it is being replaced
	}
	return []byte(why.Error()), settleAtMost
}

// openness says whether others have a file open to write.
type openness int

const (
	unknown openness = iota
	none
	some
)

// File gives a token each time the content of a file has become another than
// what is known, and is whole. Where the file cannot be watched, which the log
// says, and for a name that is none or is given by the shell, there is never one.
// stop must be called in the end; it waits until nothing is watched any more.
func File(name string, known []byte, log *slog.Logger) (changes <-chan struct{}, stop func()) {
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
		log.Warn("file is not watched; send SIGHUP after changes", "file", name, "err", err)
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
