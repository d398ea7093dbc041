package record_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"framegate/gateway/camtest"
	"framegate/gateway/media"
	"framegate/gateway/record"
	"framegate/gateway/stream"
	"framegate/transcode"
)

// killedIn is the variable that has this program record until it is killed.
const killedIn = "FRAMEGATE_RECORD_UNTIL_KILLED_IN"

func TestMain(m *testing.M) {
	transcode.BecomeFFmpeg()
	if dir := os.Getenv(killedIn); dir != "" {
		recordUntilKilled(dir)
	}
	os.Exit(m.Run())
}

var killedCameras = camtest.Long(4, 8)

// recordUntilKilled records cameras, and writes the name of each for each picture
// that it sends. Every other one is of H.265, with sound.
func recordUntilKilled(dir string) {
	var mu sync.Mutex
	cameras := make(map[string]stream.Source)
	var recorded []record.Camera
	for n := range killedCameras {
		id := fmt.Sprintf("cam%d", n)
		var source stream.Source = newCamera()
		if n%2 == 1 {
			source = diva()
		}
		cameras[id] = told{source, func() { mu.Lock(); defer mu.Unlock(); fmt.Println(id) }}
		recorded = append(recorded, record.Camera{ID: id, Mode: record.ModeContinuous})
	}
	hub := stream.New(stream.Options{Resolve: func(k stream.Key) (stream.Source, error) { return cameras[k.Camera], nil }})
	recorders := record.New(record.Options{
		Hub: hub, Dir: filepath.Join(dir, "recordings"), Memory: filepath.Join(dir, "recordings.json"),
		Log: slog.New(slog.NewTextHandler(os.Stderr, nil)),
	})
	recorders.Apply(record.Settings{Segment: time.Second, Buffer: 8 << 20}, recorded)
	recorders.Start(context.Background())
	select {}
}

// diva is a camera of H.265, with sound.
func diva() stream.Source {
	format, err := media.AACFormat([]byte{0x11, 0x88})
	if err != nil {
		panic(err)
	}
	c := newCamera()
	c.clip = footageH265
	return singer{c, sing(format)}
}

// told is a camera that tells of each picture.
type told struct {
	stream.Source
	tell func()
}

func (c told) Run(ctx context.Context, emit func(media.Frame)) error {
	return c.Source.Run(ctx, func(f media.Frame) {
		if emit(f); f.Format.Codec.Kind() == media.Video {
			c.tell()
		}
	})
}

// TestKilledProcessLosesASecondAtMost of each camera, whenever it is killed, and
// leaves files that play and an index that the next start makes agree with them. Of
// two starts one is at once, and the other after all was mended.
func TestKilledProcessLosesASecondAtMost(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("takes long")
	}
	rounds := camtest.Long(8, 50)
	dir := t.TempDir()
	had := make(map[string]int)  // frames on the disk, by camera
	sent := make(map[string]int) // since then
	kills, worst := 0, 0
	var known, left []string // files; and those that were being written when it was killed, or right before
	for round := range rounds {
		for id, n := range killAfter(t, dir, time.Duration(1200+rand.IntN(1800))*time.Millisecond) {
			sent[id] += n
		}
		if kills++; round%2 == 0 && round+1 < rounds {
			continue
		}
		mended(t, dir)
		has := make(map[string]int)
		fresh := make(map[string][]string)
		all := files(t, dir, "*.mp4")
		for _, name := range all {
			id, _, _ := strings.Cut(name, "/")
			has[id] += opened(t, filepath.Join(dir, "recordings", name)).Summary.Frames
			if !slices.Contains(known, name) {
				fresh[id] = append(fresh[id], filepath.Join(dir, "recordings", name))
			}
		}
		for id, n := range sent {
			lost := n - (has[id] - had[id])
			worst = max(worst, lost/kills)
			if lost > kills*(25+onTheWay) || lost < 0 {
				t.Errorf("of %d frames of %s %d are lost, more than a second's in %d kills", n, id, lost, kills)
			}
		}
		for _, paths := range fresh {
			for _, path := range paths {
				played(t, path)
			}
			for _, path := range paths[max(0, len(paths)-2):] {
				s := opened(t, path)
				if s.Formats[0].Codec != media.H265 { // which Chromium does not play
					left = append(left, path)
				} else if len(s.Formats) != 2 {
					t.Errorf("%s has no sound", path)
				}
			}
		}
		had, known, kills = has, all, 0
		clear(sent)
	}
	playedInChromium(t, left)
	t.Logf("%d kills with %d cameras cost %d frames at most, of 25 a second", rounds, killedCameras, worst)
}

// onTheWay is how many frames may be on their way to a recorder that a busy machine does
// not let run; TestKillInEachStepOfClosingAndDeleting allows none.
const onTheWay = 3

// playedInChromium has Chromium play files, to their ends.
func playedInChromium(t *testing.T, paths []string) {
	t.Helper()
	if testing.Short() {
		return
	}
	for i, p := range camtest.InChromium(t, paths) {
		want := opened(t, paths[i]).Summary.Duration.Seconds()
		if p.Error != "" || p.Width == 0 || p.Seconds < want-0.1 || p.Seconds > want+0.1 {
			t.Errorf("%s, of %.2f s, in Chromium: %+v", paths[i], want, p)
		}
	}
}

// killAfter records for a while, and gives how many frames of each camera were
// sent.
func killAfter(t *testing.T, dir string, d time.Duration) map[string]int {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), killedIn+"="+dir)
	said := new(lines)
	cmd.Stderr = said
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	sent := make(map[string]int)
	timer := time.AfterFunc(ceiling, func() { _ = cmd.Process.Kill() })
	defer timer.Stop()
	var killing sync.Once
	for in := bufio.NewReader(out); ; {
		line, err := in.ReadString('\n')
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if sent[strings.TrimSpace(line)]++; len(sent) == killedCameras {
			killing.Do(func() { time.AfterFunc(d, func() { _ = cmd.Process.Kill() }) })
		}
	}
	_ = cmd.Wait() // it was killed
	if len(sent) < killedCameras {
		t.Fatalf("only %v sent anything\n%s", slices.Collect(maps.Keys(sent)), said)
	}
	return sent
}

// mended mends a folder, and fails where something is wrong with it after that.
func mended(t *testing.T, dir string) {
	t.Helper()
	folder := filepath.Join(dir, "recordings")
	if err := record.Check(t.Context(), folder, record.Mend, func(f record.Finding) {
		if strings.Contains(f.Done, "aside") || strings.Contains(f.What, "not there") {
			t.Errorf("found %+v", f)
		}
	}); err != nil {
		t.Fatal(err)
	}
	if err := record.Check(t.Context(), folder, record.Look, func(f record.Finding) { t.Errorf("after all was mended: %+v", f) }); err != nil {
		t.Fatal(err)
	}
}
