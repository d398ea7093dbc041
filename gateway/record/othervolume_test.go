package record_test

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"framegate/gateway/record"
)

// TestAnotherVolumeIsNeverWrittenTo though it is one of recordings.
func TestAnotherVolumeIsNeverWrittenTo(t *testing.T) {
	for name, marker := range map[string]string{
		"another":  `{"volume": "0123456789abcdef0123456789abcdef", "version": 1}`,
		"damaged":  `{"volu`,
		"newer":    `{"volume": "0123456789abcdef0123456789abcdef", "version": 99}`,
		"no disk":  "",
		"no place": "-",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			folder := filepath.Join(dir, "recordings")
			if err := os.WriteFile(filepath.Join(dir, "recordings.json"), []byte(`{"folder": "`+folder+`", "volume": "ffffffffffffffffffffffffffffffff"}`), 0o600); err != nil {
				t.Fatal(err)
			}
			if marker != "-" {
				if err := os.Mkdir(folder, 0o755); err != nil {
					t.Fatal(err)
				}
			}
			if len(marker) > 1 {
				if err := os.WriteFile(filepath.Join(folder, "framegate-recordings.json"), []byte(marker), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			before, _ := os.ReadDir(folder)
			synctest.Test(t, func(t *testing.T) {
				g := start(t, dir, map[string]*camera{"front": newCamera()}, nil)
				defer g.stop()
				g.expectState(record.Missing)
				time.Sleep(10 * time.Second)
				if s := g.recorders.Status("front"); s.State != record.Missing || strings.Contains(s.Reason, dir) || strings.Contains(s.Reason, "fails") {
					t.Errorf("the state is %v: %s", s.State, s.Reason)
				}
				if after, _ := os.ReadDir(folder); len(after) != len(before) {
					t.Errorf("%v became %v", before, after)
				}
			})
		})
	}
}

// TestRetentionLeavesAnotherVolumeAlone though all on it is older than it may be, and
// has the names of what was there; and goes on where its own is back.
func TestRetentionLeavesAnotherVolumeAlone(t *testing.T) {
	story(t, func(_ *record.Options, s *record.Settings, c []record.Camera) {
		c[0].Keep.MaxAge = time.Minute
	}, func(g *rig, c *camera) {
		t := g.t
		g.expectState(record.Recording)
		defer g.watched()()
		time.Sleep(50 * time.Second)
		folder, away := filepath.Join(g.dir, "recordings"), filepath.Join(g.dir, "away")
		must := func(err error) {
			t.Helper()
			if err != nil {
				t.Fatal(err)
			}
		}
		must(os.Rename(folder, away))
		must(os.CopyFS(folder, os.DirFS(away)))
		must(os.WriteFile(filepath.Join(folder, "framegate-recordings.json"), []byte(`{"volume": "0123456789abcdef0123456789abcdef", "version": 1}`), 0o600))
		other, own := listed(t, folder), files(t, g.dir, "*.mp4")
		if len(own) < 3 {
			t.Fatalf("only %v is recorded", own)
		}
		time.Sleep(3 * time.Minute)
		if s := g.recorders.Status("front"); s.State != record.Missing {
			t.Errorf("where another volume is the state is %v: %s", s.State, s.Reason)
		}
		if after := listed(t, folder); !cmp.Equal(after, other) {
			t.Errorf("of another volume became %s", cmp.Diff(other, after))
		}
		must(os.RemoveAll(folder))
		must(os.Rename(away, folder))
		g.expectState(record.Recording)
		g.expect("what is too old to go", func() bool {
			return !slices.ContainsFunc(files(t, g.dir, "*.mp4"), func(name string) bool { return slices.Contains(own, name) })
		})
	})
}

// listed gives the size and the time of each file in a folder.
func listed(t *testing.T, dir string) map[string]string {
	t.Helper()
	all := make(map[string]string)
	err := fs.WalkDir(os.DirFS(dir), ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		if err == nil {
			all[name] = fmt.Sprint(info.Size(), info.ModTime())
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}
