package transcode

import (
	"os"
	"os/exec"
	"sync"
	"time"
)

// trials has one for each executable that was started.
var trials sync.Map // of executable to *trial

// executable is a program as it is installed now.
type executable struct {
	path     string
	bytes    int64
	modified int64 // nanoseconds since 1970
}

// trial is what was found out about a program.
type trial struct {
	mu           sync.Mutex    // held while zscale is tried, for others to wait
	known, works bool          // whether there is a zscale that works
	tries        int           // of that, none of which it had time for
	patience     time.Duration // with one trial; 0 is trialPatience
	answers      sync.Map      // of what was asked, a question, to what was found
}

// question is what is asked of a program.
type question string

// trialOf gives the trial of a program, or nil if there is no such program.
func trialOf(program string) *trial {
	path, err := exec.LookPath(orFFmpeg(program))
	if err != nil {
		return nil
	}
	info, err := os.Stat(path)
	if err != nil {
		return nil
	}
	key := executable{path, info.Size(), info.ModTime().UnixNano()}
	t, _ := trials.LoadOrStore(key, new(trial))
	return t.(*trial)
}

// once gives what find found out about a program, which is asked no more while it is
// the same file. What it failed at it is asked again.
func once[T any](program string, q question, find func() (T, error)) (T, error) {
	t := trialOf(program)
	if t == nil {
		return find()
	}
	if known, ok := t.answers.Load(q); ok {
		return known.(T), nil
	}
	found, err := find()
	if err == nil {
		t.answers.Store(q, found)
	}
	return found, err
}
