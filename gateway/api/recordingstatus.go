package api

import (
	"maps"
	"slices"
	"time"

	"framegate/gateway/config"
)

// Recording is how a camera is recorded. Counters are since the server started.
type Recording struct {
	Camera string
	Mode   string
	State  string // as the states of package record are written
	Reason string
	Since  time.Time

	Segments, Removed, Gaps, Frames, Bytes, Lost, Damped uint64

	Rate   float64   // media seconds of the camera in a true one; 0 where not known
	Newest time.Time // when the last picture on the disk was taken; zero before any

	Crowded bool // marks protect more than half of what may be kept

	Kept Kept // a minute late
}

// RecordingRoom is what is known of where recordings are kept.
type RecordingRoom struct {
	Volume string // "" where it is not there
	Remote string // the network's file system that it is on, "" for none
	Why    string // it is not, or not where it is to be
	Free, Total,
	Recorded, Protected int64 // bytes
	Crammed  bool          // more than half is protected
	Sync     time.Duration // from one bringing to the disk to the next
	SlowSync bool          // which is longer than it is to be, since the disk is slow

	Removed map[string]Kept // what there is of cameras that are not there any more, by id
}

// recordingStatus is how a camera is recorded, for people and programs.
type recordingStatus struct {
	Mode     string     `json:"mode" enum:"off,continuous,scheduled,events,pictures"`
	State    string     `json:"state" enum:"off,waiting,recording,slow,full,read_only,missing" doc:"waiting: for pictures; slow: the disk is behind, and memory holds what comes; missing: the disk is not there, is another one, or fails"`
	Reason   string     `json:"reason,omitempty" doc:"why, in words"`
	Since    *time.Time `json:"since,omitempty" doc:"of the state"`
	Newest   *time.Time `json:"newest,omitempty" doc:"when the last picture on the disk was taken"`
	Segments uint64     `json:"segments" doc:"files finished since the start"`
	Frames   uint64     `json:"frames" doc:"written since the start"`
	Bytes    uint64     `json:"bytes" doc:"written since the start"`
	Lost     uint64     `json:"lost" doc:"frames that were not written since the start"`
	Gaps     uint64     `json:"gaps" doc:"stretches not recorded since the start"`
	Damped   uint64     `json:"damped" doc:"changes of the format since the start that show the same pictures, and began no file"`
	Rate     float64    `json:"rate,omitempty" doc:"seconds that the camera counts in one, where that is not 1; recordings are put right"`
	Kept     keptStatus `json:"kept" doc:"what there is of it, a minute late, and its limits"`
	KeptAt   []nodeKept `json:"kept_at,omitempty" nullable:"false" doc:"what there is at which node of the cluster, which kept is the sum of, with the limits and the outlook of the disk of the one that records it; for admins, where this server is one of several"`
	Crowded  bool       `json:"crowded" doc:"marks protect more than half of what may be kept of the camera; where no more fits beside that, the state is full"`
}

func recordingStatusOf(r Recording) *recordingStatus {
	s := &recordingStatus{
		Mode: r.Mode, State: r.State, Reason: r.Reason, Since: timeOf(r.Since), Newest: timeOf(r.Newest),
		Segments: r.Segments, Frames: r.Frames, Bytes: r.Bytes, Lost: r.Lost, Gaps: r.Gaps, Damped: r.Damped,
		Crowded: r.Crowded, Kept: keptStatusOf(r.Kept),
	}
	if r.Rate != 1 {
		s.Rate = r.Rate
	}
	return s
}

// recordingRoom is what is known of where recordings are kept, for admins.
type recordingRoom struct {
	Volume    string  `json:"volume,omitempty" doc:"which it is; not there while it is not"`
	Remote    string  `json:"remote,omitempty" doc:"the network's file system that it is on, where its index may be damaged: use a local disk" example:"NFS"`
	Reason    string  `json:"reason,omitempty" doc:"why it is not there, or not in the folder that is configured"`
	Free      int64   `json:"free" doc:"bytes"`
	Total     int64   `json:"total" doc:"bytes of the disk"`
	Recorded  int64   `json:"recorded" doc:"bytes of recordings"`
	Protected int64   `json:"protected" doc:"bytes of them that marks protect"`
	Crammed   bool    `json:"crammed" doc:"more than half of what recordings may take is protected"`
	SyncS     float64 `json:"sync_s" doc:"seconds from one bringing to the disk to the next, which is what a failure of the power costs"`
	SlowSync  bool    `json:"slow_sync" doc:"that is longer than it is to be, since the disk is slow"`
	MaxBytes  int64   `json:"max_bytes,omitempty" doc:"that all recordings may take; not there where nothing bounds them"`
	MinFree   int64   `json:"min_free,omitempty" doc:"bytes that the disk is to keep free"`

	Removed []removedCamera `json:"removed,omitempty" doc:"cameras that are not there any more, of which recordings are"`
}

// removedCamera is what there is of a camera that is not there any more.
type removedCamera struct {
	Camera string     `json:"camera"`
	Kept   keptStatus `json:"kept"`
}

func recordingRoomOf(r RecordingRoom, limits config.Recordings) *recordingRoom {
	room := &recordingRoom{
		Volume: r.Volume, Remote: r.Remote, Reason: r.Why, Free: r.Free, Total: r.Total, Recorded: r.Recorded, Protected: r.Protected,
		Crammed: r.Crammed, SyncS: r.Sync.Seconds(), SlowSync: r.SlowSync, MaxBytes: limits.MaxBytes, MinFree: limits.MinFree,
	}
	for _, camera := range slices.Sorted(maps.Keys(r.Removed)) {
		room.Removed = append(room.Removed, removedCamera{camera, keptStatusOf(r.Removed[camera])})
	}
	return room
}
