package events

import (
	"maps"
	"slices"
	"strings"
	"time"

	"framegate/gateway/config"
	"framegate/gateway/stream"
)

// Look is what there is at one moment.
type Look struct {
	Settings   *config.Config           // another pointer means a change
	Refused    string                   // why the newest configuration was not taken; "" where it was
	Cameras    map[string]config.Camera // by id
	Streams    []stream.Stats
	Nodes      map[string]string    // which of several servers connects to a camera; nil for one alone
	Unsaid     map[string]bool      // cameras of which nobody says how they are; they are as they were
	Publishers map[string]time.Time // since when, by camera
	Recordings map[string]Recording // by camera
	Exports    map[string]Export    // by id
	Troubles   map[string]string    // what is wrong, by with what
	Disk       Disk
}

// Disk is the room for recordings, in bytes; zero where there is none.
type Disk struct {
	Free     int64 `json:"free"`
	Total    int64 `json:"total"`
	Recorded int64 `json:"recorded"`
}

// Now is how all is, in the words of events.
type Now struct {
	Cameras  map[string]CameraNow // by id
	Troubles map[string]string    // what is wrong, by with what
	Disk     Disk
}

// CameraNow is how a camera is.
type CameraNow struct {
	Name      string
	State     stream.State // never Connecting
	Why       string       // it is offline, in words for admins
	Recording Recording    // without a state where nothing records
}

// Export is a file that is made of recordings, and to how many percent.
type Export struct {
	State, Owner string
	Percent      int
}

// Recording is how a camera is recorded, and why.
type Recording struct {
	State, Reason string
	Crowded       bool
}

// Observer knows what there was when it looked last. The zero value has not
// looked yet. It is one goroutine's.
type Observer struct {
	looked bool
	last   Look
	states map[string]seen // by camera
	heard  map[string]heard
	wait   time.Duration
	told   []Event // by the present look
}

// Observe takes a look and gives what has happened since the last one, in the
// order in which it makes sense to whoever hears it. At the first that is which
// cameras are there or fail by now, and what is wrong.
func (o *Observer) Observe(now Look) []Event {
	o.told = nil
	if o.looked {
		o.settings(now)
		o.cameras(now.Cameras)
	}
	o.streams(now)
	o.publishers(now.Publishers)
	o.recordings(now.Recordings)
	o.exports(now.Exports)
	if !o.looked {
		o.told = slices.DeleteFunc(o.told, func(e Event) bool { return e.Kind != CameraOnline && e.Kind != CameraOffline })
	}
	o.troubles(now.Troubles)
	o.looked, o.last = true, now
	return o.told
}

func (o *Observer) tell(kind, camera string) {
	o.told = append(o.told, Event{Kind: kind, Camera: camera, At: time.Now().UTC()})
}

// troubles tells of what begins or ceases to be wrong.
func (o *Observer) troubles(now map[string]string) {
	for name, text := range now {
		if _, was := o.last.Troubles[name]; !was {
			o.told = append(o.told, Event{Kind: TroubleBegan, State: name, Reason: text, At: time.Now().UTC()})
		}
	}
	for name := range o.last.Troubles {
		if _, is := now[name]; !is {
			o.told = append(o.told, Event{Kind: TroubleEnded, State: name, At: time.Now().UTC()})
		}
	}
}

func (o *Observer) settings(now Look) {
	if now.Refused != "" && now.Refused != o.last.Refused {
		o.tell(SettingsRefused, "")
		o.told[len(o.told)-1].Cause, _, _ = strings.Cut(now.Refused, "\n")
	}
	if now.Settings != o.last.Settings {
		o.tell(SettingsChanged, "")
	}
}

func (o *Observer) cameras(now map[string]config.Camera) {
	for id, c := range now {
		switch before, there := o.last.Cameras[id]; {
		case !there:
			o.tell(CameraAdded, id)
		case before != c:
			o.tell(CameraChanged, id)
		}
	}
	for id := range o.last.Cameras {
		if _, there := now[id]; !there {
			o.tell(CameraRemoved, id)
		}
	}
}

// seen is what was seen of the stream of what a camera sends itself.
type seen struct {
	state stream.State // never Connecting
	runs  uint64
	why   error // its last run ended
	node  string
}

// streams tells of cameras that are in another state. One that went to another node, and
// has pictures there again or is still being connected to, was not away.
func (o *Observer) streams(look Look) {
	now := make(map[string]seen)
	for _, s := range look.Streams {
		if s.Key.Rendition != "" || look.Unsaid[s.Key.Camera] {
			continue
		}
		before := o.states[s.Key.Camera]
		moved := before.node != look.Nodes[s.Key.Camera]
		if moved && s.State == stream.Connecting {
			now[s.Key.Camera] = before
			continue
		}
		after := before.follow(s)
		after.node = look.Nodes[s.Key.Camera]
		if before.state == stream.Online && after.state == stream.Online && before.runs != after.runs && !moved {
			o.offline(s.Key.Camera, s.LastError) // and on again meanwhile
			o.tell(CameraOnline, s.Key.Camera)
		}
		o.state(before.state, after, s.Key.Camera)
		now[s.Key.Camera] = after
	}
	for camera, before := range o.states {
		switch _, there := now[camera]; {
		case there:
		case look.Unsaid[camera]:
			now[camera] = before
		default:
			o.state(before.state, seen{state: stream.Idle}, camera)
		}
	}
	o.states = now
}

// follow gives what is seen of a stream after this. A camera that is connecting
// is what it was, but not online any more.
func (before seen) follow(s stream.Stats) seen {
	after := seen{state: s.State, runs: s.Runs, why: s.LastError}
	if s.State == stream.Connecting {
		after.state = before.state
	}
	if s.State == stream.Connecting && before.state == stream.Online {
		after.state = stream.Offline
	}
	return after
}

func (o *Observer) state(before stream.State, after seen, camera string) {
	if before == after.state {
		return
	}
	switch after.state {
	case stream.Online:
		o.tell(CameraOnline, camera)
	case stream.Offline:
		o.offline(camera, after.why)
	case stream.Idle:
		o.tell(CameraIdle, camera)
	}
}

func (o *Observer) offline(camera string, why error) {
	o.tell(CameraOffline, camera)
	if why != nil {
		o.told[len(o.told)-1].Cause = why.Error()
	}
}

func (o *Observer) publishers(now map[string]time.Time) {
	for camera, since := range o.last.Publishers {
		if again, there := now[camera]; !there || !again.Equal(since) {
			o.tell(PublisherWent, camera)
		}
	}
	for camera, since := range now {
		if before, there := o.last.Publishers[camera]; !there || !before.Equal(since) {
			o.tell(PublisherCame, camera)
		}
	}
}

// reasonPause is how long a reason that changes alone is not told after what was
// told of that camera: one may come and go with each picture.
const reasonPause = 10 * time.Second

// heard is what was told of a recording, and when.
type heard struct {
	Recording
	at time.Time
}

func (o *Observer) recordings(now map[string]Recording) {
	all := make(map[string]heard, len(now))
	o.wait = 0
	for camera, r := range now {
		before := o.heard[camera]
		if all[camera] = before; r == before.Recording {
			continue
		}
		if left := reasonPause - time.Since(before.at); r.State == before.State && r.Crowded == before.Crowded && left > 0 {
			if o.wait == 0 || left < o.wait {
				o.wait = left
			}
			continue
		}
		all[camera] = heard{r, time.Now()}
		o.told = append(o.told, Event{Kind: RecordingChanged, Camera: camera, At: time.Now().UTC(), State: r.State, Reason: r.Reason})
	}
	o.heard = all
}

// Now gives how all was at the last look. It is the caller's.
func (o *Observer) Now() Now {
	now := Now{Cameras: make(map[string]CameraNow, len(o.last.Cameras)), Troubles: maps.Clone(o.last.Troubles), Disk: o.last.Disk}
	for id, c := range o.last.Cameras {
		of := CameraNow{Name: c.Name, State: o.states[id].state, Recording: o.heard[id].Recording}
		if why := o.states[id].why; of.State == stream.Offline && why != nil {
			of.Why = why.Error()
		}
		now.Cameras[id] = of
	}
	return now
}

// Wait is after what time to look again, though nothing changes; 0 for never.
func (o *Observer) Wait() time.Duration { return o.wait }

func (o *Observer) exports(now map[string]Export) {
	tell := func(kind, id string, e Export) {
		o.told = append(o.told, Event{Kind: kind, Export: id, State: e.State, Progress: float64(e.Percent) / 100, Owner: e.Owner, At: time.Now().UTC()})
	}
	for id, e := range now {
		if before, there := o.last.Exports[id]; !there || before != e {
			tell(ExportChanged, id, e)
		}
	}
	for id, e := range o.last.Exports {
		if _, there := now[id]; !there {
			tell(ExportRemoved, id, e)
		}
	}
}
