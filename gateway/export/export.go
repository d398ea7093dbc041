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
	"io/fs"
	"log/slog"
	"os"
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

var states = []State{Waiting, Running, Done, Failed, Canceled}

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
	Clock    bool      `json:"clock,omitempty"`  // burned in, for which pictures are encoded
	Width    int       `json:"width,omitempty"`  // of encoded pictures, at most; 0 keeps it
	Speed    float64   `json:"speed,omitempty"`  // above 1 a timelapse of keyframes, so many times as fast; encoded
	Silent   bool      `json:"silent,omitempty"` // without sound, which a timelapse has not anyway
	TimeZone string    `json:"time_zone"`        // of names and clocks; "" is the server's
}

// encodes says that pictures are encoded.
func (r Request) encodes() bool { return r.Start == Encode || r.Clock || r.lapses() }

// lapses says that a timelapse is made.
func (r Request) lapses() bool { return r.Speed > 1 }

// lasts gives how long what is made is at most.
func (r Request) lasts() time.Duration {
	return time.Duration(float64(r.To.Sub(r.From)) / max(r.Speed, 1))
}

// Asker is who asks for a file.
type Asker struct {
	Name string `json:"name"` // for people
	ID   string `json:"id"`   // which nobody else has, or will have
}

// Job is a file that is made, or was.
type Job struct {
	ID string `json:"id"`
	By Asker  `json:"asker"`
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
	// maxBytes is what all files have together, but no more than one of diskShare
	// parts of the disk, and minFree what that is to have left.
	maxBytes  = 20 << 30
	diskShare = 10
	minFree   = 256 << 20
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
	// Spare waits for an encoder that nobody else wants, until give is called, or for
	// long enough. It calls yield when somebody does. The error is ctx's cause.
	Spare func(ctx context.Context, yield func()) (give func(), err error)
	// Ready says whether what was recorded can be read at the moment; jobs wait
	// until then. nil is always.
	Ready func() bool
	// Disk says how the disk of Dir is; nil is not asked.
	Disk    func() (Disk, error)
	Bytes   int64  // that all files may have together; 0 means a usual number
	FFmpeg  string // the program; "" means ffmpeg on the PATH
	Version string // of this program, for manifests
	// Changed is told when the state of a job has become another, or one is there
	// no more, and each second while one is made. It is called with the jobs locked: it must return
	// at once; nil is not told.
	Changed func()
	Log     *slog.Logger // nil discards
}

// Disk is how one is at a moment.
type Disk struct {
	Free, Total int64 // bytes
	// Coming says that somebody else makes room on it whenever there is little,
	// and Wanted that somebody cannot who needs it more than files that were
	// exported: those go.
	Coming, Wanted bool
}

// Exports are all jobs. Their methods may be called from any goroutine. All and
// Get, Stats too, answer also while the disk does not.
type Exports struct {
	options Options
	log     *slog.Logger
	wake    chan struct{} // cap 1: a job waits

	folders sync.Mutex // held to bring a folder in line with the list: one at a time

	mu      sync.Mutex        // guards what follows, and is not held over I/O
	jobs    []*job            // in the order they were made
	running *job              // nil where none is
	spent   int64             // bytes that it has written
	total   int64             // bytes of the disk, as of when it was last looked at; 0 before
	behind  map[*job]struct{} // whose folders could not be brought in line
	reading map[*job]int      // how many read a file, also of jobs that are in the list no more
	ended   map[State]uint64
	closed  bool
}

// job is a Job with what ends it.
type job struct {
	Job
	cancel  func(error)   // while it runs
	gone    chan struct{} // closed once it runs no more, with nothing left of its work
	erased  chan struct{} // closed once nobody is to see its file any more
	removed bool          // it is in the list no more, and its folder is to go
}

// erase ends whoever reads the file. It is called with mu of its Exports held.
func (j *job) erase() {
	select {
	case <-j.erased:
	default:
		close(j.erased)
	}
}

func newJob(j Job) *job {
	return &job{Job: j, gone: make(chan struct{}), erased: make(chan struct{})}
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
		options: o, log: cmp.Or(o.Log, slog.New(slog.DiscardHandler)), wake: make(chan struct{}, 1),
		behind: make(map[*job]struct{}), reading: make(map[*job]int), ended: make(map[State]uint64),
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

// Open opens what a job made. It can be read to its end also where the job is
// removed meanwhile, but is not to be where Erase does that, by which erased is
// closed. The error is ErrUnknown or ErrNotDone, or says what cannot be read.
func (e *Exports) Open(id string) (f File, _ Job, erased <-chan struct{}, err error) {
	e.mu.Lock()
	j, err := e.find(id)
	if err != nil {
		e.mu.Unlock()
		return nil, Job{}, nil, err
	}
	now := j.Job
	if now.State == Done {
		e.reading[j]++ // before it is opened, so that Erase misses none
	}
	e.mu.Unlock()
	if now.State != Done {
		return nil, now, nil, ErrNotDone
	}
	opened, err := os.Open(e.path(id, fileName))
	if err != nil {
		e.leave(j)
		if errors.Is(err, fs.ErrNotExist) {
			err = ErrUnknown // it was deleted meanwhile
		}
		return nil, now, nil, err
	}
	return &reading{File: opened, exports: e, job: j}, now, j.erased, nil
}

// reading is the file of a job for one who reads it.
type reading struct {
	*os.File
	exports *Exports
	job     *job
	closed  sync.Once
}

func (r *reading) Close() error {
	r.closed.Do(func() { r.exports.leave(r.job) })
	return r.File.Close()
}

// leave notes that one reads the file of a job no more.
func (e *Exports) leave(j *job) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.reading[j]--; e.reading[j] == 0 {
		delete(e.reading, j)
	}
}
