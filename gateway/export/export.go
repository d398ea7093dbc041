// Package export makes files of what was recorded that cannot be given at once:
// encoded from one picture to another, with the time burned in, or of several
// cameras as a ZIP. What a virtual clip has (package clip) is taken from there.
//
// Each file is a job. Jobs are kept in a folder, with what was asked for, and wait
// for each other: one runs at a time, with an encoder that nobody else wants
// (Options.Spare), which it gives back as soon as somebody does. Files go after a
// day, and the oldest earlier where there is no room.
//
//	ID/job.json  the Job
//	ID/file      what it made, once it is done
//	ID/work      what is being made; removed by whoever finds it
//
// The package knows no HTTP, and not who may do what.
package export

import (
	"cmp"
	"context"
	"errors"
	"io"
	"log/slog"
	"slices"
	"sync"
	"time"

	"framegate/gateway/playback"
	"framegate/gateway/playback/clip"
	"framegate/gateway/record/index"
)

// State is how far a job is.
type State string

// The states of jobs. The last three are the end.
const (
	Waiting  State = "waiting"
	Running  State = "running"
	Done     State = "done"
	Failed   State = "failed"
	Canceled State = "canceled"
)

// Ended says that nothing happens any more.
func (s State) Ended() bool { return s != Waiting && s != Running }

// Start says with which picture a file begins.
type Start string

// What a file begins with.
const (
	Keyframe Start = "keyframe" // the keyframe before
	Exact    Start = "exact"    // the picture itself, by an edit list
	Encode   Start = "encode"   // the picture itself, encoded anew
)

// Request is what is asked for.
type Request struct {
	Cameras  []string  `json:"cameras"` // their ids, one at least
	From     time.Time `json:"from"`
	To       time.Time `json:"to"`
	Start    Start     `json:"start"`
	Clock    bool      `json:"clock,omitempty"` // burned in, for which pictures are encoded
	Width    int       `json:"width,omitempty"` // of encoded pictures, at most; 0 keeps it
	TimeZone string    `json:"time_zone"`       // of names and clocks; "" is the server's
}

// encodes says that pictures are encoded.
func (r Request) encodes() bool { return r.Start == Encode || r.Clock }

// Job is a file that is made, or was.
type Job struct {
	ID string `json:"id"`
	By string `json:"by"` // who asked
	Request
	State    State     `json:"state"`
	Progress float64   `json:"progress"` // 0 to 1
	Name     string    `json:"name"`     // of the file, for whoever gets it
	Bytes    int64     `json:"bytes"`
	Error    string    `json:"error,omitempty"` // why it failed, for whoever asked
	Made     time.Time `json:"made"`
	Ended    time.Time `json:"ended,omitzero"`
	Expires  time.Time `json:"expires,omitzero"`
	// Covers is the time of the first picture that is in the file, whether it is
	// shown or not.
	Covers time.Time `json:"covers"`
}

const (
	// Lasts is how long a file is kept.
	Lasts = 24 * time.Hour
	// maxEncoded is how long a file is at most that is encoded.
	maxEncoded = 24 * time.Hour
	maxCameras = 32
	maxWidth   = 3840
	// maxJobs are in the list at most, of which so many have not ended, of all and
	// of one who asks.
	maxJobs       = 200
	maxWaiting    = 50
	maxWaitingOne = 10
	// maxBytes is what all files have together, and minFree what the disk is to
	// have left.
	maxBytes = 20 << 30
	minFree  = 256 << 20
)

// Errors of Add, Get, Open, Remove and Erase.
var (
	// ErrBad says what is wrong with a request.
	ErrBad = errors.New("this cannot be exported")
	// ErrCrowded: too many jobs wait.
	ErrCrowded = errors.New("too many exports wait to be made; delete some, or ask again later")
	// ErrUnknown: there is no such job.
	ErrUnknown = errors.New("there is no such export")
	// ErrNotDone: the job has no file.
	ErrNotDone = errors.New("this export has no file")
	// ErrFull: the disk is.
	ErrFull = errors.New("the disk with the data folder is full; make room, or ask for a shorter stretch of time")
	// ErrClosed: nothing is made any more.
	ErrClosed = errors.New("the server ends")
)

// Options are what Exports need.
type Options struct {
	Dir     string // of all jobs; it is made with the first
	Finder  clip.Finder
	Opener  clip.Opener
	Library *playback.Library
	// Gaps gives what is missing of a camera, and why; nil knows of none.
	Gaps func(ctx context.Context, camera string, from, to time.Time) ([]index.Gap, error)
	// Spare waits for an encoder that nobody else wants, until give is called. It
	// calls yield when somebody does. The error is ctx's cause.
	Spare func(ctx context.Context, yield func()) (give func(), err error)
	// Ready says whether what was recorded can be read at the moment; jobs wait
	// until then. nil is always.
	Ready func() bool
	// Free gives how many bytes the disk has left; nil is not asked.
	Free    func() (int64, error)
	Bytes   int64  // that all files may have together; 0 means a usual number
	FFmpeg  string // the program; "" means ffmpeg on the PATH
	Version string // of this program, for manifests
	// Changed is told when the state of a job has become another, or one is there
	// no more. It must return at once; nil is not told.
	Changed func()
	Log     *slog.Logger // nil discards
}

// Exports are all jobs. Their methods may be called from any goroutine.
type Exports struct {
	options Options
	log     *slog.Logger
	wake    chan struct{} // cap 1: a job waits

	mu      sync.Mutex // guards what follows
	jobs    []*job     // in the order they were made
	running *job       // nil where none is
	spent   int64      // bytes that it has written
	ended   map[State]uint64
	closed  bool
}

// job is a Job with what ends it.
type job struct {
	Job
	cancel func(error)   // while it runs
	gone   chan struct{} // closed once it runs no more, with nothing left of its work
	drop   bool          // it is to be removed once it runs no more
}

// Stats is how many jobs there are at the moment, by state, what their files
// have, and how many have ended so far, by state.
type Stats struct {
	Jobs  map[State]int
	Bytes int64
	Ended map[State]uint64
}

// New makes Exports, with the jobs that an earlier process left. It starts
// nothing.
func New(o Options) *Exports {
	if o.Ready == nil {
		o.Ready = func() bool { return true }
	}
	if o.Changed == nil {
		o.Changed = func() {}
	}
	e := &Exports{
		options: o, log: cmp.Or(o.Log, slog.New(slog.DiscardHandler)), wake: make(chan struct{}, 1), ended: make(map[State]uint64),
	}
	e.load()
	return e
}

// Stats gives how things are.
func (e *Exports) Stats() Stats {
	e.mu.Lock()
	defer e.mu.Unlock()
	s := Stats{Jobs: make(map[State]int), Bytes: e.used(), Ended: make(map[State]uint64)}
	for _, j := range e.jobs {
		s.Jobs[j.State]++
	}
	for _, state := range []State{Done, Failed, Canceled} {
		s.Ended[state] = e.ended[state]
	}
	return s
}

// All gives all jobs, the newest first.
func (e *Exports) All() []Job {
	e.mu.Lock()
	defer e.mu.Unlock()
	all := make([]Job, 0, len(e.jobs))
	for _, j := range slices.Backward(e.jobs) {
		all = append(all, j.Job)
	}
	return all
}

// Get gives a job. The error is ErrUnknown.
func (e *Exports) Get(id string) (Job, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	j, err := e.find(id)
	if err != nil {
		return Job{}, err
	}
	return j.Job, nil
}

// find is called with mu held.
func (e *Exports) find(id string) (*job, error) {
	for _, j := range e.jobs {
		if j.ID == id {
			return j, nil
		}
	}
	return nil, ErrUnknown
}

// File is what a job made.
type File interface {
	io.ReadSeekCloser
}

// Open opens what a job made, which can be read to its end whatever becomes of the
// job. The error is ErrUnknown or ErrNotDone, or says what cannot be read.
func (e *Exports) Open(id string) (File, Job, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	j, err := e.find(id)
	if err != nil {
		return nil, Job{}, err
	}
	if j.State != Done {
		return nil, j.Job, ErrNotDone
	}
	f, err := e.open(id)
	return f, j.Job, err
}
