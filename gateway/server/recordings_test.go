package server

import (
	"fmt"
	"path/filepath"
	"testing"

	"framegate/gateway/config"
	"framegate/gateway/export"
	"framegate/gateway/record"
)

// TestRecordingIsAsConfigured from the start, after a reload, and for a camera
// that is added while the server runs; and its files are finished at the end.
func TestRecordingIsAsConfigured(t *testing.T) {
	t.Parallel()
	camera := countingCamera(t, 0)
	text := func(mode string) string {
		return fmt.Sprintf("network: {allow: [127.0.0.0/8]}\nrecordings: {segment: 10s, min_free: 0}\ncameras: {front: {source: %q, record: {mode: %s, codec: mjpeg}}}\n", camera.URL("/"), mode)
	}
	s, reload := wired(t, text("continuous"))
	s.recordings.Start(t.Context())
	is := func(id string, state record.State) func() bool {
		return func() bool {
			status := s.recordings.Status(id)
			return status.State == state && (state != record.Recording || status.Frames > 0)
		}
	}
	await(t, "the camera of the configuration is recorded", is("front", record.Recording))
	reload(text("off"))
	await(t, "it is not any more", is("front", record.Off))
	if _, all := (control{s}).Recordings(); len(all) != 1 || all[0].State != "off" || all[0].Mode != "off" {
		t.Errorf("the API is told %+v", all)
	}
	added, _ := s.settings().Camera("front")
	added.ID, added.Record.Mode = "added", config.RecordContinuous
	if err := (control{s}).SetAdded([]config.Camera{added}); err != nil {
		t.Fatal(err)
	}
	await(t, "a camera that was added is recorded", is("added", record.Recording))
	s.recordings.Close()
	folder := s.Config.Recordings.Dir
	for _, id := range []string{"front", "added"} {
		whole, _ := filepath.Glob(filepath.Join(folder, id, "*", "*", "*.mp4"))
		parts, _ := filepath.Glob(filepath.Join(folder, id, "*", "*", "*.part"))
		if len(whole) == 0 || len(parts) > 0 {
			t.Errorf("%s has the files %v and %v", id, whole, parts)
		}
	}
}

// TestRecordingsMoveAsConfigured while the server runs, and with no restart to wait for.
func TestRecordingsMoveAsConfigured(t *testing.T) {
	t.Parallel()
	camera, folder := countingCamera(t, 0), t.TempDir()
	text := func(more string) string {
		return fmt.Sprintf("network: {allow: [127.0.0.0/8]}\nrecordings: {segment: 10s, min_free: 0%s}\ncameras: {front: {source: %q, record: {mode: continuous, codec: mjpeg}}}\n", more, camera.URL("/"))
	}
	s, reload := wired(t, text(""))
	s.recordings.Start(t.Context())
	defer s.recordings.Close()
	await(t, "the camera is recorded", func() bool { return s.recordings.Status("front").Frames > 0 })
	reload(text(fmt.Sprintf(", dir: %q, buffer: 1MiB", folder)))
	if _, waits := config.Merge(s.settings(), s.wanted.Load()); len(waits) > 0 {
		t.Errorf("%v wait for a restart", waits)
	}
	await(t, "the camera is recorded there", func() bool {
		parts, _ := filepath.Glob(filepath.Join(folder, "front", "*", "*", "*.part"))
		return len(parts) > 0
	})
}

// TestExportsLeaveTheDiskToRecordings that are on it: to make room, and, where they
// cannot, to have it.
func TestExportsLeaveTheDiskToRecordings(t *testing.T) {
	t.Parallel()
	camera := countingCamera(t, 0)
	text := func(minFree string) string {
		return fmt.Sprintf("network: {allow: [127.0.0.0/8]}\nrecordings: {min_free: %s}\ncameras: {front: {source: %q, record: {mode: continuous, codec: mjpeg}}}\n", minFree, camera.URL("/"))
	}
	s, reload := wired(t, text("1000TiB"))
	disk := func() export.Disk {
		d, err := s.dataDisk()
		if err != nil || d.Free <= 0 || d.Total < d.Free {
			t.Fatalf("%+v, %v", d, err)
		}
		return d
	}
	if d := disk(); d.Coming || d.Wanted {
		t.Errorf("without recordings it is %+v", d)
	}
	s.recordings.Start(t.Context())
	await(t, "recordings have no room", func() bool { return disk().Wanted })
	if d := disk(); !d.Coming {
		t.Errorf("where recordings go for room it is %+v", d)
	}
	reload(text("0"))
	await(t, "the camera is recorded", func() bool { return s.recordings.Status("front").State == record.Recording })
	if d := disk(); d.Coming || d.Wanted {
		t.Errorf("with room for recordings it is %+v", d)
	}
	s.recordings.Close()
}

// TestSoundIsRecordedAsConfigured: unless the recording, or the camera, is without.
func TestSoundIsRecordedAsConfigured(t *testing.T) {
	for sound, silent := range map[config.RecordSound]bool{config.RecordSoundOn: false, config.RecordSoundOff: true} {
		c := config.Camera{ID: "front", Record: config.Record{Mode: config.RecordContinuous, Sound: sound}}
		if got := recorded(c).Silent; got != silent {
			t.Errorf("sound: %s: silent %v, want %v", sound, got, silent)
		}
	}
}
