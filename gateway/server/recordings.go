package server

import (
	"context"
	"fmt"
	"io"
	"path/filepath"
	"time"

	"framegate/gateway/api"
	"framegate/gateway/api/events"
	"framegate/gateway/config"
	"framegate/gateway/metrics"
	"framegate/gateway/record"
)

// newRecordings makes what records cameras. Nothing is recorded yet.
func (s *server) newRecordings() *record.Recorders {
	return record.New(record.Options{
		Hub: s.hub, Dir: s.Config.Recordings.Dir, Memory: filepath.Join(s.Config.Data, "recordings.json"),
		Changed: s.changed, Finished: s.thumbnails.Finished, Told: s.tellRecorded, Log: s.Log,
	})
}

// recordedKinds are the events of what becomes of recordings.
var recordedKinds = map[record.NewsKind]string{
	record.Came: events.RecordingsAdded, record.Gone: events.RecordingsDeleted, record.Missed: events.RecordingGap,
}

func (s *server) tellRecorded(n record.News) {
	s.api.Recorded(recordedKinds[n.Kind], n.Camera, n.From, n.To, n.Reason)
}

// applyRecordings has recorded what is configured at the moment.
func (s *server) applyRecordings() {
	var cameras []record.Camera
	for _, c := range s.cameras.All() {
		how := recorded(c.Camera)
		if !s.owns(c.ID) { // another node records it
			how.Mode = record.ModeOff
		}
		how.Epoch = s.node.epoch(c.ID)
		cameras = append(cameras, how)
	}
	settings := s.settings().Recordings
	s.recordings.Apply(recordSettings(settings), cameras)
	s.recordings.Move(settings.Dir)
}

func recordSettings(r config.Recordings) record.Settings {
	return record.Settings{
		MaxBytes: r.MaxBytes, MinFree: r.MinFree, Sync: time.Duration(r.Sync), Segment: r.Segment, Buffer: r.Buffer,
	}
}

// recorded gives how a camera is recorded, in the words of package record.
func recorded(c config.Camera) record.Camera {
	r := c.Record
	return record.Camera{
		ID: c.ID, Mode: record.Mode(r.Mode), JPEG: r.Codec == config.RecordMJPEG, H264: r.Codec == config.RecordH264, Silent: r.Sound == config.RecordSoundOff, Every: r.Every,
		Hours: r.Schedule.Zone + " " + r.Schedule.Hours, Covers: r.Schedule.Covers,
		Keep: record.Keep{MaxAge: r.Keep.MaxAge, MarkedAge: r.Keep.MarkedMaxAge, MaxBytes: r.Keep.MaxBytes},
	}
}

// Recordings gives how cameras are recorded, and the room for it.
func (s control) Recordings() (api.RecordingRoom, []api.Recording) {
	room, kept := s.recordings.Room(), s.recordings.Kept()
	removed := make(map[string]api.Kept)
	for id, k := range kept {
		if _, there := s.cameras.Find(id); !there && k.Segments > 0 {
			removed[id] = keptOf(k)
		}
	}
	var all []api.Recording
	for _, r := range s.recordings.Statuses() {
		all = append(all, api.Recording{
			Camera: r.Camera, Mode: string(r.Mode), State: r.State.String(), Reason: r.Reason, Since: r.Since,
			Segments: r.Segments, Removed: r.Removed, Gaps: r.Gaps, Frames: r.Frames, Bytes: r.Bytes, Lost: r.Lost,
			Damped: r.Damped, Rate: r.Rate, Newest: r.Newest, Crowded: r.Crowded, Kept: keptOf(kept[r.Camera]),
		})
	}
	return api.RecordingRoom{
		Volume: room.Volume, Remote: room.Remote, Why: room.Why, Free: room.Free, Total: room.Total,
		Recorded: room.Recorded, Protected: room.Protected, Crammed: room.Crammed, Sync: room.Sync, SlowSync: room.SlowSync, Removed: removed,
	}, all
}

func keptOf(k record.Kept) api.Kept {
	return api.Kept{
		Segments: k.Segments, Bytes: k.Bytes, Protected: k.Protected, Oldest: k.Oldest, PerDay: k.PerDay,
		Lasts: k.Lasts, Bound: string(k.Bound), MaxAge: k.Keep.MaxAge, MarkedAge: k.Keep.MarkedAge, MaxBytes: k.Keep.MaxBytes,
	}
}

// recordingMetrics is Recordings for scrapes, of the cameras there are.
func (s *server) recordingMetrics() (metrics.RecordingRoom, []metrics.Recording) {
	room, kept := s.recordings.Room(), s.recordings.Kept()
	var all []metrics.Recording
	for _, r := range s.recordings.Statuses() {
		if _, there := s.cameras.Find(r.Camera); there {
			if r.Mode == record.ModePictures {
				r.Newest = time.Time{} // which is as old as the next one is away
			}
			all = append(all, metrics.Recording{
				Camera: r.Camera, State: r.State.String(),
				Segments: r.Segments, Removed: r.Removed, Gaps: r.Gaps, Frames: r.Frames, Bytes: r.Bytes, Lost: r.Lost,
				Damped: r.Damped, Reformed: r.Reformed, Newest: r.Newest, Crowded: r.Crowded,
				Rate: r.Rate, Oldest: kept[r.Camera].Oldest, Kept: kept[r.Camera].Bytes,
			})
		}
	}
	t := s.thumbnails.Stats()
	return metrics.RecordingRoom{
		Free: room.Free, Disk: room.Total, Recorded: room.Recorded, Protected: room.Protected, Sync: room.Sync, Read: room.Read,
		Thumbnails: t.Made, ThumbnailsLeft: t.Dropped, ThumbnailsFailed: t.Failed, ThumbnailsQueued: uint64(t.Queued),
	}, all
}

// What CheckRecordings does about what it finds.
const (
	LookAtRecordings = record.Look
	MendRecordings   = record.Mend
	RebuildIndex     = record.Rebuild
)

// CheckRecordings compares the recordings with their index, writes a line for
// each thing that does not fit, and counts those that are left so.
func CheckRecordings(ctx context.Context, c *config.Config, repair record.Repair, out io.Writer) (left int, err error) {
	var cameras []string
	for _, camera := range c.Cameras {
		cameras = append(cameras, camera.ID)
	}
	err = record.Check(ctx, c.Recordings.Dir, repair, func(f record.Finding) {
		if f.Done == "" {
			left++
			fmt.Fprintf(out, "%s: %s\n", f.Path, f.What)
			return
		}
		fmt.Fprintf(out, "%s: %s: %s\n", f.Path, f.What, f.Done)
	}, cameras...)
	if err != nil {
		return left, fmt.Errorf("recordings in %s: %w", c.Recordings.Dir, err)
	}
	return left, nil
}
