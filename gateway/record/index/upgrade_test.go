package index_test

import (
	"bytes"
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"framegate/gateway/record/index"
)

// TestEveryVersionIsBroughtUpToDate: what each Framegate of before wrote of its
// recordings (testdata/vN.sql) means after Open what it meant, does not contradict
// itself, and is as if it had always been of this version.
func TestEveryVersionIsBroughtUpToDate(t *testing.T) {
	t.Parallel()
	path := used(t)
	fresh := rawIndex(t, path)
	var present int
	must(t, fresh.QueryRow("PRAGMA user_version").Scan(&present))
	want := schemaOf(t, fresh)
	for version := 1; version <= present; version++ {
		t.Run(fmt.Sprint("version ", version), func(t *testing.T) {
			t.Parallel()
			path := written(t, version)
			for range 2 { // the second time it is up to date
				x := openPath(t, path)
				if x.Made() || x.Aside() != "" {
					t.Error("it is made anew")
				}
				verified(t, x)
				means(t, x, version)
				must(t, x.Close())
			}
			if got := schemaOf(t, rawIndex(t, path)); !slices.Equal(got, want) {
				t.Errorf("its tables are\n%s\nand those of a new one\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
			}
			x := openPath(t, path)
			add(t, x, segment(7, 500, 560))
			verified(t, x)
		})
	}
}

// means holds an index to what all fixtures have, and those from a version on.
func means(t *testing.T, x *index.Index, version int) {
	t.Helper()
	ctx := t.Context()
	segments, err := x.WithLost(ctx, "front", at(-1000), at(1000), 100)
	must(t, err)
	if len(segments) != 6 {
		t.Fatalf("segments: %+v", segments)
	}
	for i, s := range segments {
		want := segment(i+1, float64(60*i), float64(60*i+60))
		if i == 5 {
			want = segment(6, 400, 401)
			want.Path, want.Fragments = "front/6.jpg", 0
		}
		want.ID, want.Format = s.ID, segments[0].Format
		if version < 4 { // which knew no sound
			want.Sounds = 0
		}
		if version < 4 && i < 5 {
			want.Sound = index.Unheard
		}
		if !s.Start.Equal(want.Start) || !s.End.Equal(want.End) {
			t.Errorf("segment %d is from %v to %v", i+1, s.Start, s.End)
		}
		s.Start, s.End = want.Start, want.End
		if s != want {
			t.Errorf("segment %d is %+v; want %+v", i+1, s, want)
		}
	}
	format, err := x.Format(ctx, segments[0].Format)
	if must(t, err); format.Codec != "h264" || format.Width != 1280 || format.Height != 720 || !bytes.Equal(format.Config, []byte{1, 2, 3}) {
		t.Errorf("format: %+v", format)
	}
	if totals, err := x.Totals(ctx, "front"); err != nil || totals.Segments != 6 || totals.Bytes != 6000 || totals.Protected != 1000 || totals.Marked != 1000 || totals.Sequence != 6 {
		t.Errorf("totals: %+v, %v", totals, err)
	}
	if totals, err := x.Totals(ctx, "garden"); err != nil || totals.Segments != 0 || totals.Lost != 1 {
		t.Errorf("totals of what is lost: %+v, %v", totals, err)
	}
	gaps, err := x.Gaps(ctx, "front", at(0), at(1000))
	if must(t, err); len(gaps) != 1 || gaps[0].Reason != "full" || !gaps[0].From.Equal(at(300)) || !gaps[0].To.Equal(at(400)) {
		t.Errorf("gaps: %+v", gaps)
	}
	meansOfMarks(t, x, version)
	hours, err := x.Hours(ctx, "front", at(-7200), at(7200))
	must(t, err)
	frames := 0
	for _, hour := range hours {
		frames += hour.Frames
	}
	if frames != 60 {
		t.Errorf("hours: %+v", hours)
	}
}

func meansOfMarks(t *testing.T, x *index.Index, version int) {
	t.Helper()
	marks, err := x.Marks(t.Context(), index.MarkFilter{})
	must(t, err)
	if len(marks) != 2 {
		t.Fatalf("marks: %+v", marks)
	}
	owners := []string{"", ""}
	if version >= 3 {
		owners = []string{"user 7", "user 1"}
	}
	motion, protect := marks[0], marks[1]
	if motion.Kind != "motion" || motion.By != "user:anna" || motion.Keep || string(motion.Data) != `{"a":1}` || motion.Owner != owners[0] || !motion.Start.Equal(at(70)) || !motion.End.Equal(at(80)) {
		t.Errorf("mark: %+v", motion)
	}
	if protect.Kind != "protect" || protect.By != "user:admin" || !protect.Keep || protect.Note != "the parcel" || protect.Owner != owners[1] {
		t.Errorf("mark: %+v", protect)
	}
}

// written makes an index of a fixture.
func written(t *testing.T, version int) string {
	t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("testdata/v%d.sql", version))
	if err != nil {
		t.Fatalf("a version needs a fixture, written by the last commit before the next: %v", err)
	}
	path := filepath.Join(t.TempDir(), "index.db")
	db := rawIndex(t, path)
	_, err = db.Exec(string(text))
	must(t, err)
	must(t, db.Close())
	return path
}

// rawIndex opens the database past the index.
func rawIndex(t *testing.T, path string) *sql.DB {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	must(t, err)
	t.Cleanup(func() { db.Close() })
	return db
}

// schemaOf lists all tables, indexes and triggers of a database.
func schemaOf(t *testing.T, db *sql.DB) (all []string) {
	t.Helper()
	rows, err := db.Query("SELECT type || ' ' || name || ' ' || coalesce(sql, '') FROM sqlite_schema ORDER BY type, name")
	must(t, err)
	defer rows.Close()
	for rows.Next() {
		var line string
		must(t, rows.Scan(&line))
		all = append(all, line)
	}
	must(t, rows.Err())
	return all
}
