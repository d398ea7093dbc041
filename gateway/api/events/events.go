// Package events tells what happens to cameras, publishers and settings to all
// who listen. An Observer finds it out, by comparing what there is with what
// there was; Listeners hand it on, and wait for nobody: who is too slow loses the
// oldest, and is told how much.
//
// It does not know who may hear what, nor how it is sent; package api does.
package events

import (
	"sync"
	"time"
)

const (
	// MaxListeners bounds those who listen at a time; the others those of one
	// principal and of one network, so that nobody takes all places.
	MaxListeners             = 256
	MaxListenersPerPrincipal = 16
	MaxListenersPerNetwork   = 64
	// queueLength is how many events a listener may be behind.
	queueLength = 64
)

// The limits by their names in metrics.
const (
	LimitListeners             = "event_listeners"
	LimitListenersPerPrincipal = "event_listeners_per_principal"
	LimitListenersPerNetwork   = "event_listeners_per_network"
)

// The kinds of events. Lost and Ready are a listener's own: that it lost some,
// and that it has begun to listen.
const (
	CameraOnline    = "camera_online"
	CameraOffline   = "camera_offline"
	CameraIdle      = "camera_idle"
	CameraAdded     = "camera_added"
	CameraChanged   = "camera_changed"
	CameraRemoved   = "camera_removed"
	PublisherCame   = "publisher_came"
	PublisherWent   = "publisher_went"
	SettingsChanged = "settings_changed"
	SettingsRefused = "settings_refused"
	TroubleBegan    = "trouble_began"
	TroubleEnded    = "trouble_ended"

	RecordingChanged  = "recording_changed" // its state, why, or whether it is crowded
	RecordingsAdded   = "recordings_added"
	RecordingsDeleted = "recordings_deleted"
	RecordingGap      = "recording_gap"

	MarkAdded   = "recording_mark_added"
	MarkChanged = "recording_mark_changed"
	MarkDeleted = "recording_mark_deleted"

	ExportChanged = "export_changed" // its state, or how far it is; also that it is new
	ExportRemoved = "export_removed"

	PreferencesChanged = "preferences_changed"

	LogAdded = "log_added" // once a second at most

	Lost  = "lost"
	Ready = "ready"
)

// Event is something that happened.
type Event struct {
	Kind     string     `json:"kind" enum:"ready,camera_online,camera_offline,camera_idle,camera_added,camera_changed,camera_removed,publisher_came,publisher_went,settings_changed,settings_refused,trouble_began,trouble_ended,recording_changed,recordings_added,recordings_deleted,recording_gap,recording_mark_added,recording_mark_changed,recording_mark_deleted,export_changed,export_removed,preferences_changed,log_added,lost" doc:"what happened; it is the name of the event too"`
	Camera   string     `json:"camera,omitempty" doc:"which camera it happened to"`
	Export   string     `json:"export,omitempty" doc:"the id of the export that it happened to"`
	Cause    string     `json:"-"` // of camera_offline, settings_refused: why, in words for admins
	Owner    string     `json:"-"` // of the export, the preferences: auth.Principal.Owner of whose it is
	At       time.Time  `json:"at" doc:"when"`
	State    string     `json:"state,omitempty" doc:"of recording_changed, export_changed: what it is now; of trouble_began, trouble_ended: with what, as in the status" example:"recording"`
	Reason   string     `json:"reason,omitempty" doc:"of recording_changed, recording_gap, trouble_began: why, in words; of recordings_deleted: lost, where the files are not there any more and nobody deleted them"`
	Progress float64    `json:"progress,omitempty" doc:"of export_changed: how far it is, from 0 to 1; each percent is told once at most"`
	From     *time.Time `json:"from,omitempty" doc:"of recordings_added, recordings_deleted, recording_gap: what changed lies behind this"`
	To       *time.Time `json:"to,omitempty" doc:"and before this"`
	Mark     int64      `json:"mark,omitempty" doc:"of marks: the id of which one"`
	Lost     int        `json:"lost,omitempty" doc:"of lost: how many events were, because they were not read fast enough; ask for the status anew"`
}

// Listeners are those who listen. All methods may be called from any goroutine.
type Listeners struct {
	mu        sync.Mutex // guards what follows
	all       map[*Listener]struct{}
	followers map[*Listener]struct{} // of them, those of this process
	now       *Now                   // what they are shown; nil before anything is
	principal map[string]int         // how many listen, by principal
	network   map[string]int         // and by network
}

// NewListeners makes Listeners; there are none yet.
func NewListeners() *Listeners {
	return &Listeners{all: make(map[*Listener]struct{}), followers: make(map[*Listener]struct{}), principal: make(map[string]int), network: make(map[string]int)}
}

// Listener is somebody who listens.
type Listener struct {
	principal string
	network   string
	wake      chan struct{} // holds a token while there is something

	mu    sync.Mutex // guards what follows
	queue []Event
	lost  int
}

// Listen adds a listener, or gives the limit that is in its way. A principal of
// "" is nobody in particular, as where nobody has to say who it is. leave must
// be called in the end.
func (ls *Listeners) Listen(principal, network string) (l *Listener, leave func(), limit string) {
	ls.mu.Lock()
	defer ls.mu.Unlock()
	switch {
	case principal != "" && ls.principal[principal] >= MaxListenersPerPrincipal:
		return nil, nil, LimitListenersPerPrincipal
	case ls.network[network] >= MaxListenersPerNetwork:
		return nil, nil, LimitListenersPerNetwork
	case len(ls.all)-len(ls.followers) >= MaxListeners:
		return nil, nil, LimitListeners
	}
	l = &Listener{principal: principal, network: network, wake: make(chan struct{}, 1)}
	ls.all[l] = struct{}{}
	ls.principal[principal]++
	ls.network[network]++
	return l, func() { ls.leave(l) }, ""
}

// Follow adds a listener of this process, which no limit is for, and which is woken
// too when it is shown something. leave must be called in the end.
func (ls *Listeners) Follow() (l *Listener, leave func()) {
	ls.mu.Lock()
	defer ls.mu.Unlock()
	l = &Listener{wake: make(chan struct{}, 1)}
	ls.all[l] = struct{}{}
	ls.followers[l] = struct{}{}
	return l, func() {
		ls.mu.Lock()
		defer ls.mu.Unlock()
		delete(ls.all, l)
		delete(ls.followers, l)
	}
}

// Show has those who follow know how all is, if anybody does.
func (ls *Listeners) Show(now func() Now) {
	ls.mu.Lock()
	defer ls.mu.Unlock()
	if len(ls.followers) == 0 {
		ls.now = nil
		return
	}
	shown := now()
	ls.now = &shown
	for l := range ls.followers {
		l.rouse()
	}
}

// Now gives what was shown last, which nobody may change; nil where nothing was.
func (ls *Listeners) Now() *Now {
	ls.mu.Lock()
	defer ls.mu.Unlock()
	return ls.now
}

func (ls *Listeners) leave(l *Listener) {
	ls.mu.Lock()
	defer ls.mu.Unlock()
	delete(ls.all, l)
	drop(ls.principal, l.principal)
	drop(ls.network, l.network)
}

// drop counts one less.
func drop(counts map[string]int, key string) {
	if counts[key]--; counts[key] == 0 {
		delete(counts, key)
	}
}

// Tell gives an event to all. It returns at once.
func (ls *Listeners) Tell(e Event) {
	ls.mu.Lock()
	defer ls.mu.Unlock()
	for l := range ls.all {
		l.add(e)
	}
}

func (l *Listener) add(e Event) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.queue) == queueLength {
		copy(l.queue, l.queue[1:])
		l.queue = l.queue[:queueLength-1]
		l.lost++
	}
	l.queue = append(l.queue, e)
	l.rouse()
}

func (l *Listener) rouse() {
	select {
	case l.wake <- struct{}{}:
	default: // it will wake anyway
	}
}

// Wake gives what holds a token while there is something to take.
func (l *Listener) Wake() <-chan struct{} { return l.wake }

// Take gives what has come since the last time, and how much was lost before it.
func (l *Listener) Take() (all []Event, lost int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	all, lost = l.queue, l.lost
	l.queue, l.lost = nil, 0
	return all, lost
}
