package record_test

import (
	"path/filepath"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"framegate/gateway/media"
	"framegate/gateway/playback/tape"
	"framegate/gateway/record"
	"framegate/gateway/stream"
)

// numberedH265 gives n numbered pictures of H.265, ten a second and a keyframe each
// second.
func numberedH265(t *testing.T, n int, params string) []media.Frame {
	t.Helper()
	return tape.Numbered(t, 0, n, 128, 96, "-c:v", "libx265", "-tag:v", "hvc1", "-x265-params", "log-level=none:keyint=10:min-keyint=10:scenecut=0:"+params)
}

// TestH265IsRecordedAsItIs, with pictures that come in another order than they are
// shown in: no picture is lost or doubled between files.
func TestH265IsRecordedAsItIs(t *testing.T) {
	t.Parallel()
	frames := numberedH265(t, 250, "bframes=3:open-gop=0")
	dir := reelStory(t, frames, func(t *testing.T, r *record.Recorders) {
		for _, row := range wantOneSpan(t, r) {
			format, err := r.Index().Format(t.Context(), row.Format)
			if err != nil || format.Codec != "h265" || format.Width != 128 || format.Height != 96 {
				t.Errorf("%s is of %+v, %v", row.Path, format, err)
			}
		}
	})
	for _, name := range files(t, dir, "*.mp4") {
		if s := opened(t, filepath.Join(dir, "recordings", name)); s.Formats[0].Codec != media.H265 || s.Summary.Keys < 5 {
			t.Errorf("%s has %d keyframes, of %v", name, s.Summary.Keys, s.Formats[0].Codec)
		}
	}
	if all := shownBy(t, dir); !slices.Equal(all, countTo(250)) {
		t.Errorf("it shows %v", all)
	}
}

// TestH264IsEncodedWhereThatIsAskedFor of H.265, and of H.264 that browsers cannot begin
// with: its rendition is recorded, and else what the camera sends.
func TestH264IsEncodedWhereThatIsAskedFor(t *testing.T) {
	t.Parallel()
	const own = 1000 // the number of the camera's first picture
	h265 := tape.Numbered(t, own, 150, 128, 96, "-c:v", "libx265", "-tag:v", "hvc1", "-x265-params", "log-level=none:keyint=10:min-keyint=10:scenecut=0:bframes=0")
	h264, encoded := tape.Numbered(t, own, 150, 128, 96), tape.Numbered(t, 0, 150, 128, 96)
	refreshed, format := slices.Clone(h264), *h264[0].Format
	format.Refreshed = true
	for i := range refreshed {
		refreshed[i].Format = &format
	}
	for name, c := range map[string]struct {
		frames  []media.Frame
		encodes bool
	}{"H.265": {h265, true}, "H.264 without IDR pictures": {refreshed, true}, "H.264": {h264, false}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			synctest.Test(t, func(t *testing.T) {
				hub := stream.New(stream.Options{Resolve: func(k stream.Key) (stream.Source, error) {
					if k.Rendition == "" {
						return &reel{frames: c.frames}, nil
					}
					return &reel{frames: encoded}, nil
				}})
				defer hub.Close()
				r := record.New(record.Options{Hub: hub, Dir: filepath.Join(dir, "recordings"), Memory: filepath.Join(dir, "recordings.json")})
				r.Apply(record.Settings{Segment: 10 * time.Second}, []record.Camera{{ID: "front", Mode: record.ModeContinuous, H264: true}})
				r.Start(t.Context())
				time.Sleep(20 * time.Second)
				r.Close()
			})
			for _, name := range files(t, dir, "*.mp4") {
				if s := opened(t, filepath.Join(dir, "recordings", name)); s.Formats[0].Codec != media.H264 {
					t.Errorf("%s is of %v", name, s.Formats[0].Codec)
				}
			}
			if all := shownBy(t, dir); len(all) < 140 || (all[0] < own) != c.encodes {
				t.Errorf("it shows %v", all)
			}
		})
	}
}
