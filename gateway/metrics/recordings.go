package metrics

import (
	"cmp"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Recording is how a camera is recorded.
type Recording struct {
	Camera, State                                                  string
	Segments, Removed, Gaps, Frames, Bytes, Lost, Damped, Reformed uint64
	Newest                                                         time.Time // zero before any
	Crowded                                                        bool      // marks protect more than half of what may be kept

	Rate   float64   // seconds that the camera counts in one; 0 where not known
	Oldest time.Time // what is kept; zero where nothing is
	Kept   int64     // bytes
}

// RecordingRoom is what is known of where recordings are kept.
type RecordingRoom struct {
	Free, Disk, Recorded, Protected int64
	Sync                            time.Duration
	Read                            int // files

	Thumbnails                                         uint64 // made
	ThumbnailsLeft, ThumbnailsFailed, ThumbnailsQueued uint64 // recordings that were left out, of which none can be made, that wait
}

// recordingStates are those of a recording, by the words for them.
var recordingStates = [...]string{"off", "waiting", "recording", "slow", "full", "read_only", "missing"}

func collectRecordings(to chan<- prometheus.Metric, recordings func() (RecordingRoom, []Recording)) {
	room, all := recordings()
	recordingsBytes.send(to, float64(room.Recorded))
	recordingsKept.send(to, float64(room.Protected))
	recordingsFree.send(to, float64(room.Free))
	recordingsRead.send(to, float64(room.Read))
	recordingsDisk.send(to, float64(room.Disk))
	recordingsSync.send(to, room.Sync.Seconds())
	thumbnailsMade.send(to, float64(room.Thumbnails))
	thumbnailsLeft.send(to, float64(room.ThumbnailsLeft))
	thumbnailsFailed.send(to, float64(room.ThumbnailsFailed))
	thumbnailsQueued.send(to, float64(room.ThumbnailsQueued))
	for _, r := range all {
		collectRecording(to, r)
	}
}

func collectRecording(to chan<- prometheus.Metric, r Recording) {
	for _, state := range recordingStates {
		is := 0.0
		if state == r.State {
			is = 1
		}
		recordingState.send(to, is, r.Camera, state)
	}
	if !r.Newest.IsZero() {
		recordingNewest.send(to, float64(r.Newest.UnixMilli())/1e3, r.Camera)
	}
	if !r.Oldest.IsZero() {
		recordingOldest.send(to, float64(r.Oldest.UnixMilli())/1e3, r.Camera)
	}
	recordingKept.send(to, float64(r.Kept), r.Camera)
	recordingClock.send(to, cmp.Or(r.Rate, 1), r.Camera)
	crowded := 0.0
	if r.Crowded {
		crowded = 1
	}
	recordingTight.send(to, crowded, r.Camera)
	recordedFrames.send(to, float64(r.Frames), r.Camera)
	recordedBytes.send(to, float64(r.Bytes), r.Camera)
	recordingLost.send(to, float64(r.Lost), r.Camera)
	recordingGaps.send(to, float64(r.Gaps), r.Camera)
	recordingDamped.send(to, float64(r.Damped), r.Camera)
	recordingOthers.send(to, float64(r.Reformed), r.Camera)
	recordingsMade.send(to, float64(r.Segments), r.Camera)
	recordingsGone.send(to, float64(r.Removed), r.Camera)
}
