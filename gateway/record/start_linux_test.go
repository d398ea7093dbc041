package record_test

import (
	"database/sql"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"framegate/gateway/record"
	"framegate/gateway/record/index"
)

// watched is a disk whose top folder is not listed until it may be, which counts
// what other folders are.
type watched struct {
	record.Disk
	may    chan struct{}
	listed *atomic.Int64
}

func (d watched) List(folder string) ([]fs.DirEntry, error) {
	if folder == "." {
		<-d.may
	} else {
		d.listed.Add(1)
	}
	return d.Disk.List(folder)
}

// manyRows makes an index of so many minutes of the camera front up to now, which is
// too large to be looked at page by page when it is opened, since its paths are long.
func manyRows(t *testing.T, name string, n int) {
	t.Helper()
	x, err := index.Open(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	start := time.Now().Add(-time.Duration(n) * time.Minute)
	_, err = x.Add(t.Context(), index.Segment{
		Camera: "front", Run: "0123456789abcdef0123456789abcdef", Sequence: 1, Path: "front/" + strings.Repeat("x", 400),
		Start: start, End: start.Add(time.Minute), Bytes: 22 << 20, Frames: 1500, Keys: 30, STTS: 1, Fragments: 60,
	})
	if err != nil || x.Close() != nil {
		t.Fatal(err)
	}
	db, err := sql.Open("sqlite", name)
	if err != nil {
		t.Fatal(err)
	}
	_, err = db.Exec(`WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?)
		INSERT INTO segments SELECT NULL, camera, run, sequence + i, path || i, start_us + i * 60000000, end_us + i * 60000000, bytes, frames, keys,
		stts, ctts, moov_bytes, data_at, fragments, format, rate, lost, hold, written + i, sound, sounds FROM segments, n`, n-1)
	if err != nil || db.Close() != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(name); err != nil || info.Size() < 8<<20 {
		t.Fatalf("the index is of %d bytes, %v", info.Size(), err)
	}
}

// bytesRead is how many bytes the process has read, of files and all else.
func bytesRead(t *testing.T) int64 {
	t.Helper()
	b, err := os.ReadFile("/proc/self/io")
	found := regexp.MustCompile(`rchar: (\d+)`).FindSubmatch(b)
	if err != nil || found == nil {
		t.Fatalf("%s, %v", b, err)
	}
	n, _ := strconv.ParseInt(string(found[1]), 10, 64)
	return n
}

// TestRecordingBeginsBeforeAnythingIsGoneThrough: neither rows nor folders, however
// many there are. The first picture is written while the comparison of both waits.
func TestRecordingBeginsBeforeAnythingIsGoneThrough(t *testing.T) { // alone, since it counts what the process reads
	if _, err := footage(); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "recordings"), 0o750); err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(30 * 365 * 24 * time.Hour) // so that there may be years of minutes
		name := filepath.Join(dir, "recordings", "index.db")
		manyRows(t, name, 8_000)
		info, err := os.Stat(name)
		if err != nil {
			t.Fatal(err)
		}
		may, listed := make(chan struct{}), new(atomic.Int64)
		before, began := bytesRead(t), time.Now()
		g := start(t, dir, map[string]*camera{"front": newCamera()}, func(o *record.Options, _ *record.Settings, c []record.Camera) {
			c[0].Keep.MaxAge = 20 * 365 * 24 * time.Hour
			o.OpenDisk = func(dir string) (record.Disk, error) {
				folder, err := record.OpenFolder(dir)
				return watched{folder, may, listed}, err
			}
		})
		g.expect("the first pictures on the disk", func() bool { return g.recorders.Status("front").Frames > 0 })
		read, took := bytesRead(t)-before, time.Since(began)
		t.Logf("%d bytes of %d were read, and %d folders, in %v", read, info.Size(), listed.Load(), took)
		if read > 1<<20 || listed.Load() > 3 {
			t.Errorf("before the first picture was written %d bytes were read, of an index of %d, and %d folders", read, info.Size(), listed.Load())
		}
		if took > 3*time.Second { // of the camera's time: a second until it is written, and what is waited for the folder
			t.Errorf("the first picture was written after %v", took)
		}
		g.stop()
		close(may)
		synctest.Wait()
	})
}
