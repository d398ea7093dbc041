package record

import (
	"encoding/json"
	"time"

	"framegate/gateway/media"
)

// State says how the recording of a camera is, in one word.
type State uint8

// The states of a recorder.
const (
	Off       State = iota // nothing is to be recorded now
	Waiting                // there are no pictures to record
	Recording              // all is well
	Slow                   // the disk is behind, and memory holds what comes
	Full                   // the disk is
	ReadOnly               // the disk cannot be written
	Missing                // the disk is not there, is another one, or fails
)

// String gives the state as documents, logs and JSON spell it.
func (s State) String() string {
	return [...]string{"off", "waiting", "recording", "slow", "full", "read_only", "missing"}[s]
}

// MarshalText is String.
func (s State) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// troubled says that pictures come which cannot be written.
func (s State) troubled() bool { return s >= Slow }

// Status is what is known of the recording of a camera at one moment. Counters
// are since the recorder began.
type Status struct {
	Camera string
	Mode   Mode
	State  State
	Reason string // why, in words; "" while all is well
	Since  time.Time

	Segments uint64 // that were finished
	Removed  uint64 // that went, by retention or by somebody
	Gaps     uint64
	Frames   uint64 // written
	Bytes    uint64 // written
	Lost     uint64 // frames that were not
	Damped   uint64 // other parameter sets that show the same pictures, and began no file
	Reformed uint64 // those that show others, and ended a file
	Rate     float64
	Newest   time.Time // when the last picture that is on the disk was taken

	Crowded bool // marks protect more than half of what may be kept
	LastGap *Gap // nil before any
}

// Gap is a stretch of time that was not recorded although it should have been.
type Gap struct {
	From, To time.Time
	Reason   string
}

// Mode says what of a camera is recorded.
type Mode string

// Nothing; all; all within certain hours; all, of which what is not marked goes
// soon; a picture now and then.
const (
	ModeOff        Mode = "off"
	ModeContinuous Mode = "continuous"
	ModeScheduled  Mode = "scheduled"
	ModeEvents     Mode = "events"
	ModePictures   Mode = "pictures"
)

// Camera says how one is to be recorded. It is comparable but for Covers.
type Camera struct {
	ID     string
	Mode   Mode
	JPEG   bool          // JPEGs are kept as they are, instead of being encoded
	H264   bool          // H.265, and H.264 without IDR pictures, are encoded to H.264 instead of being kept as they are
	Silent bool          // its sound is not recorded
	Every  time.Duration // ModePictures: from one to the next
	Hours  string        // ModeScheduled: another text where Covers is another
	// Covers says of ModeScheduled whether a moment is covered, and when that
	// changes; never, for the zero time.
	Covers func(time.Time) (covers bool, next time.Time)
	Keep   Keep
	// Epoch is with which this server owns the camera in a cluster; the names of files
	// say so, and 0 says nothing.
	Epoch uint64
}

// Keep bounds what is kept of a camera. Zero is no bound.
type Keep struct {
	MaxAge    time.Duration `json:"max_age,omitempty"`
	MarkedAge time.Duration `json:"marked_age,omitempty"`
	MaxBytes  int64         `json:"max_bytes,omitempty"`
}

// wanted says whether to record at a moment, and if not, why.
func (c *Camera) wanted(now time.Time) (yes bool, why string) {
	switch c.Mode {
	case ModeOff, "":
		return false, ""
	case ModeScheduled:
		if covers, _ := c.Covers(now); !covers {
			return false, "outside of the schedule's hours"
		}
	}
	return true, ""
}

// takes says whether pictures of a format are recorded as they are.
func (c Camera) takes(f *media.Format) bool {
	switch f.Codec {
	case media.JPEG:
		return c.JPEG
	case media.H264:
		return !(c.H264 && f.Refreshed)
	}
	return !c.H264
}

// same says that two are recorded alike, whatever is kept of them.
func (c Camera) same(other Camera) bool {
	return c.ID == other.ID && c.Mode == other.Mode && c.JPEG == other.JPEG && c.H264 == other.H264 && c.Silent == other.Silent && c.Every == other.Every && c.Hours == other.Hours
}

// Settings are those of all recordings.
type Settings struct {
	MaxBytes int64         // of all of them; 0 is no bound
	MinFree  int64         // that the disk keeps free
	Sync     time.Duration // from one bringing to the disk to the next; 0 is what suits it
	Segment  time.Duration // of one file
	Buffer   int           // bytes a camera keeps in memory for a disk that stalls
}

// marker is what marks a volume as one of recordings.
type marker struct {
	Volume  string    `json:"volume"`
	Version int       `json:"version"`
	Made    time.Time `json:"made"`
	Boot    string    `json:"boot,omitempty"`
}

func (m marker) text() []byte {
	b, _ := json.MarshalIndent(m, "", "  ") // strings, a number and a time
	return append(b, '\n')
}

// Room is what is known of the volume.
type Room struct {
	Volume    string // "" where it is not there
	Folder    string // where it is
	Remote    string // the network's file system that it is on, "" for none: there its index may be damaged
	Why       string // why it is not there, or not where it is to be
	Free      int64  // bytes
	Total     int64
	Recorded  int64
	Protected int64
	Crammed   bool          // more than half of what recordings may take is protected
	Crowded   []string      // cameras of which more than half of what they may take is protected
	Sync      time.Duration // from one bringing to the disk to the next
	SlowSync  bool          // more than was asked for
	Read      int           // files that are being read, which are not deleted before that ends
}

// Room gives what is known of the volume at the moment.
func (r *Recorders) Room() Room {
	r.mu.Lock()
	room, v, why := r.room, r.current, r.trouble
	r.mu.Unlock()
	if v == nil {
		room = Room{}
	}
	if why != nil {
		room.Why = advice(why)
	}
	if v == nil {
		return room
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	room.Folder, room.Remote = v.folder, v.remote
	room.Volume, room.Free, room.Total, room.Sync, room.SlowSync, room.Read = v.id, v.free, v.total, v.lag, v.slowSync, len(v.pins)
	return room
}
