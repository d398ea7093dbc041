package tape

import (
	"database/sql"
	"path/filepath"
	"testing"
	"time"

	_ "modernc.org/sqlite" // the driver of an index

	"framegate/gateway/record/index"
)

// Minutes makes an index in which a segment is so many times, a minute apart, each
// under a path of its own. Their files are for the test to have.
func Minutes(t testing.TB, segment index.Segment, format index.Format, n int) *index.Index {
	t.Helper()
	check := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	path := filepath.Join(t.TempDir(), "index.db")
	x, err := index.Open(t.Context(), path)
	check(err)
	t.Cleanup(func() { _ = x.Close() })
	segment.Format, err = x.AddFormat(t.Context(), format)
	check(err)
	_, err = x.Add(t.Context(), segment)
	check(err)
	db, err := sql.Open("sqlite", path)
	check(err)
	defer func() { _ = db.Close() }()
	_, err = db.ExecContext(t.Context(), `WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?)
		INSERT INTO segments SELECT NULL, camera, run, sequence, path || i, start_us + i * ?2, end_us + i * ?2, bytes, frames, keys,
		stts, ctts, moov_bytes, data_at, fragments, format, rate, lost, hold, written + i, sound, sounds FROM segments, n`, n-1, time.Minute.Microseconds())
	check(err)
	return x
}
