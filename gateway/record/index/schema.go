package index

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
)

// applicationID marks our databases among others (PRAGMA application_id): "Fgti".
const applicationID = 0x46677469

// pageBytes is the unit in which the file grows.
const pageBytes = 4096

// migrations lead from each version of the database (PRAGMA user_version) to
// the next; the first makes version 1. One that was released never changes.
//
// Times are microseconds since 1970, and endless is the end of what has none.
// The triggers keep the totals of cameras, so that no write can forget to.
var migrations = []string{`
CREATE TABLE cameras (
	id         INTEGER PRIMARY KEY AUTOINCREMENT,
	name       TEXT NOT NULL UNIQUE,
	segments   INTEGER NOT NULL DEFAULT 0, -- that are there, as all that follows
	bytes      INTEGER NOT NULL DEFAULT 0,
	marked     INTEGER NOT NULL DEFAULT 0, -- bytes
	protected  INTEGER NOT NULL DEFAULT 0, -- bytes
	lost       INTEGER NOT NULL DEFAULT 0, -- rows that are not
	marks      INTEGER NOT NULL DEFAULT 0,
	gaps       INTEGER NOT NULL DEFAULT 0,
	sequence   INTEGER NOT NULL DEFAULT 0, -- the highest there ever was
	longest_us INTEGER NOT NULL DEFAULT 0  -- the longest segment there ever was
) STRICT;

CREATE TABLE formats (
	id     INTEGER PRIMARY KEY AUTOINCREMENT,
	codec  TEXT NOT NULL,
	width  INTEGER NOT NULL,
	height INTEGER NOT NULL,
	config BLOB NOT NULL,
	seen   INTEGER NOT NULL, -- the newest segment when it was last asked for
	UNIQUE (codec, width, height, config)
) STRICT;

CREATE TABLE segments (
	id         INTEGER PRIMARY KEY AUTOINCREMENT,
	camera     INTEGER NOT NULL REFERENCES cameras (id),
	run        TEXT NOT NULL,
	sequence   INTEGER NOT NULL,
	path       TEXT NOT NULL UNIQUE,
	start_us   INTEGER NOT NULL,
	end_us     INTEGER NOT NULL,
	bytes      INTEGER NOT NULL,
	frames     INTEGER NOT NULL,
	keys       INTEGER NOT NULL,
	stts       INTEGER NOT NULL,
	ctts       INTEGER NOT NULL,
	moov_bytes INTEGER NOT NULL,
	data_at    INTEGER NOT NULL,
	fragments  INTEGER NOT NULL,
	format     INTEGER NOT NULL, -- 0: not known
	rate       REAL NOT NULL,
	lost       INTEGER NOT NULL, -- 1: the file is not there
	hold       INTEGER NOT NULL, -- by marks: 0 nothing, 1 marked, 2 protected
	written    INTEGER NOT NULL  -- with sequence: the order of writing
) STRICT;
CREATE INDEX segments_by_time ON segments (camera, start_us, end_us, lost);
CREATE INDEX segments_by_sequence ON segments (camera, sequence, hold, lost);
CREATE INDEX segments_by_writing ON segments (written, sequence, hold, lost);
CREATE INDEX segments_by_age ON segments (camera, hold, end_us) WHERE lost = 0;
CREATE INDEX segments_lost ON segments (camera, start_us, end_us) WHERE lost = 1;

CREATE TABLE garbage (
	id     INTEGER PRIMARY KEY AUTOINCREMENT,
	camera TEXT NOT NULL,
	path   TEXT NOT NULL UNIQUE,
	bytes  INTEGER NOT NULL
) STRICT;

CREATE TABLE spans ( -- of a camera: none touches another
	camera  INTEGER NOT NULL REFERENCES cameras (id),
	from_us INTEGER NOT NULL,
	to_us   INTEGER NOT NULL,
	PRIMARY KEY (camera, from_us)
) STRICT, WITHOUT ROWID;

CREATE TABLE gaps ( -- of a camera: none overlaps another
	camera  INTEGER NOT NULL REFERENCES cameras (id),
	from_us INTEGER NOT NULL,
	to_us   INTEGER NOT NULL,
	reason  TEXT NOT NULL,
	PRIMARY KEY (camera, from_us)
) STRICT, WITHOUT ROWID;
CREATE INDEX gaps_by_length ON gaps (camera, to_us - from_us, to_us);

CREATE TABLE marks (
	id         INTEGER PRIMARY KEY AUTOINCREMENT,
	camera     INTEGER NOT NULL REFERENCES cameras (id),
	kind       TEXT NOT NULL,
	start_us   INTEGER NOT NULL,
	end_us     INTEGER NOT NULL,
	before_us  INTEGER NOT NULL,
	after_us   INTEGER NOT NULL,
	from_us    INTEGER NOT NULL, -- its reach: start less before
	to_us      INTEGER NOT NULL, -- and end with after
	keep       INTEGER NOT NULL,
	note       TEXT NOT NULL,
	data       BLOB,
	made_by    TEXT NOT NULL,
	created_us INTEGER NOT NULL
) STRICT;
CREATE INDEX marks_by_reach ON marks (camera, to_us, from_us, keep);
CREATE INDEX marks_by_start ON marks (start_us, id);
CREATE INDEX marks_of_camera ON marks (camera, start_us, end_us, kind, keep);
CREATE INDEX marks_long ON marks (camera, start_us, end_us, kind, keep) WHERE end_us - start_us > 86400000000;

CREATE TRIGGER segment_added AFTER INSERT ON segments BEGIN
	UPDATE cameras SET
		segments = segments + (NEW.lost = 0), bytes = bytes + NEW.bytes * (NEW.lost = 0),
		marked = marked + NEW.bytes * (NEW.lost = 0 AND NEW.hold = 1), protected = protected + NEW.bytes * (NEW.lost = 0 AND NEW.hold = 2),
		lost = lost + NEW.lost, sequence = max(sequence, NEW.sequence), longest_us = max(longest_us, NEW.end_us - NEW.start_us)
	WHERE id = NEW.camera;
END;
CREATE TRIGGER segment_removed AFTER DELETE ON segments BEGIN
	UPDATE cameras SET
		segments = segments - (OLD.lost = 0), bytes = bytes - OLD.bytes * (OLD.lost = 0),
		marked = marked - OLD.bytes * (OLD.lost = 0 AND OLD.hold = 1), protected = protected - OLD.bytes * (OLD.lost = 0 AND OLD.hold = 2),
		lost = lost - OLD.lost
	WHERE id = OLD.camera;
END;
CREATE TRIGGER segment_changed AFTER UPDATE OF camera, sequence, start_us, end_us, bytes, lost, hold ON segments BEGIN
	UPDATE cameras SET
		segments = segments - (OLD.lost = 0), bytes = bytes - OLD.bytes * (OLD.lost = 0),
		marked = marked - OLD.bytes * (OLD.lost = 0 AND OLD.hold = 1), protected = protected - OLD.bytes * (OLD.lost = 0 AND OLD.hold = 2),
		lost = lost - OLD.lost
	WHERE id = OLD.camera;
	UPDATE cameras SET
		segments = segments + (NEW.lost = 0), bytes = bytes + NEW.bytes * (NEW.lost = 0),
		marked = marked + NEW.bytes * (NEW.lost = 0 AND NEW.hold = 1), protected = protected + NEW.bytes * (NEW.lost = 0 AND NEW.hold = 2),
		lost = lost + NEW.lost, sequence = max(sequence, NEW.sequence), longest_us = max(longest_us, NEW.end_us - NEW.start_us)
	WHERE id = NEW.camera;
END;
CREATE TRIGGER mark_added AFTER INSERT ON marks BEGIN UPDATE cameras SET marks = marks + 1 WHERE id = NEW.camera; END;
CREATE TRIGGER mark_removed AFTER DELETE ON marks BEGIN UPDATE cameras SET marks = marks - 1 WHERE id = OLD.camera; END;
CREATE TRIGGER gap_added AFTER INSERT ON gaps BEGIN UPDATE cameras SET gaps = gaps + 1 WHERE id = NEW.camera; END;
CREATE TRIGGER gap_removed AFTER DELETE ON gaps BEGIN UPDATE cameras SET gaps = gaps - 1 WHERE id = OLD.camera; END;
`, `
-- What a long time is looked at by: holes and gaps by the class of their length, which
-- is how many bits its microseconds have.
ALTER TABLE spans ADD COLUMN since_us INTEGER NOT NULL DEFAULT 0; -- where the span before ends, 0 without one
ALTER TABLE spans ADD COLUMN class INTEGER NOT NULL DEFAULT 0;    -- of the hole from there
ALTER TABLE gaps ADD COLUMN class INTEGER NOT NULL DEFAULT 0;
UPDATE spans SET since_us = coalesce((SELECT to_us FROM spans b WHERE b.camera = spans.camera AND b.from_us < spans.from_us ORDER BY b.from_us DESC LIMIT 1), 0);
WITH RECURSIVE powers (p) AS (VALUES (1) UNION ALL SELECT p * 2 FROM powers WHERE p < 1 << 60)
	UPDATE spans SET class = (SELECT count(*) FROM powers WHERE p <= from_us - since_us);
WITH RECURSIVE powers (p) AS (VALUES (1) UNION ALL SELECT p * 2 FROM powers WHERE p < 1 << 60)
	UPDATE gaps SET class = (SELECT count(*) FROM powers WHERE p <= to_us - from_us);
DROP INDEX gaps_by_length;
CREATE INDEX spans_by_hole ON spans (camera, class, from_us, since_us);
CREATE INDEX gaps_by_class ON gaps (camera, class, from_us, to_us, reason);

CREATE TABLE flags ( -- the marks of a kind that start in one step of a width
	camera   INTEGER NOT NULL REFERENCES cameras (id),
	width_us INTEGER NOT NULL,
	step     INTEGER NOT NULL, -- which one since 1970
	kind     TEXT NOT NULL,
	id       INTEGER NOT NULL, -- the lowest of theirs
	from_us  INTEGER NOT NULL,
	to_us    INTEGER NOT NULL,
	keep     INTEGER NOT NULL,
	count    INTEGER NOT NULL,
	PRIMARY KEY (camera, width_us, step, kind)
) STRICT, WITHOUT ROWID;
WITH RECURSIVE widths (us) AS (VALUES (900000000) UNION ALL SELECT us * 2 FROM widths WHERE us < 900000000 << 7)
	INSERT INTO flags SELECT camera, us, start_us / us, kind, min(id), min(start_us), max(end_us), max(keep), count(*) FROM widths CROSS JOIN marks GROUP BY 1, 2, 3, 4;

CREATE TABLE revisions (last INTEGER NOT NULL) STRICT; -- never the same in two databases
INSERT INTO revisions VALUES (random() & 0xfffffffffffffff);
CREATE TABLE hours ( -- of the segments of a format that are there and start in one hour: sums of what clips count
	camera    INTEGER NOT NULL REFERENCES cameras (id),
	hour      INTEGER NOT NULL, -- which one since 1970
	format    INTEGER NOT NULL,
	revision  INTEGER NOT NULL, -- another whenever one of them is another
	segments  INTEGER NOT NULL,
	ticks     INTEGER NOT NULL, -- that they last, each rounded
	bytes     INTEGER NOT NULL, -- behind data_at
	frames    INTEGER NOT NULL,
	keys      INTEGER NOT NULL,
	durations INTEGER NOT NULL, -- entries of a clip's stts
	offsets   INTEGER NOT NULL, -- entries of ctts
	plain     INTEGER NOT NULL, -- segments without any of these
	fragments INTEGER NOT NULL,
	odd       INTEGER NOT NULL, -- segments whose rows do not say what is in them
	PRIMARY KEY (camera, hour, format)
) STRICT, WITHOUT ROWID;
INSERT INTO hours SELECT camera, start_us / 3600000000, format, (SELECT last FROM revisions), count(*),
	sum(min(((end_us - start_us) * 9 + 2) / 5, frames * 4294967295)), sum(bytes - data_at), sum(frames), sum(keys),
	sum(min(stts + 1, frames)), sum(ctts), sum(ctts = 0), sum(fragments), sum(frames = 0 OR fragments = 0)
	FROM segments WHERE lost = 0 GROUP BY 1, 2, 3;

CREATE TRIGGER hour_more AFTER INSERT ON segments WHEN NEW.lost = 0 BEGIN
` + hourMore + `END;
CREATE TRIGGER hour_less AFTER DELETE ON segments WHEN OLD.lost = 0 BEGIN
` + hourLess + `END;
CREATE TRIGGER hour_changed_less AFTER UPDATE OF camera, start_us, end_us, bytes, frames, keys, stts, ctts, data_at, fragments, format, lost, path, sequence ON segments WHEN OLD.lost = 0 BEGIN
` + hourLess + `END;
CREATE TRIGGER hour_changed_more AFTER UPDATE OF camera, start_us, end_us, bytes, frames, keys, stts, ctts, data_at, fragments, format, lost, path, sequence ON segments WHEN NEW.lost = 0 BEGIN
` + hourMore + `END;
`, `
ALTER TABLE marks ADD COLUMN owner TEXT NOT NULL DEFAULT ''; -- whose it is, whoever has the name of made_by now
`, `
-- What clips need to know of sound. Nobody has looked for it in what is there.
ALTER TABLE segments ADD COLUMN sound INTEGER NOT NULL DEFAULT -1; -- its format; 0: none, -1: not known
ALTER TABLE segments ADD COLUMN sounds INTEGER NOT NULL DEFAULT 0; -- frames of it in a clip
UPDATE segments SET sound = 0 WHERE path LIKE '%.jpg';
DROP TRIGGER hour_more;
DROP TRIGGER hour_less;
DROP TRIGGER hour_changed_less;
DROP TRIGGER hour_changed_more;
DROP TABLE hours;
CREATE TABLE hours ( -- of the segments of a format, and one of sound, that are there and start in one hour
	camera    INTEGER NOT NULL REFERENCES cameras (id),
	hour      INTEGER NOT NULL,
	format    INTEGER NOT NULL,
	sound     INTEGER NOT NULL,
	revision  INTEGER NOT NULL,
	segments  INTEGER NOT NULL,
	ticks     INTEGER NOT NULL,
	bytes     INTEGER NOT NULL,
	frames    INTEGER NOT NULL,
	keys      INTEGER NOT NULL,
	durations INTEGER NOT NULL,
	offsets   INTEGER NOT NULL,
	plain     INTEGER NOT NULL,
	fragments INTEGER NOT NULL,
	odd       INTEGER NOT NULL,
	sounds    INTEGER NOT NULL,
	PRIMARY KEY (camera, hour, format, sound)
) STRICT, WITHOUT ROWID;
UPDATE revisions SET last = last + 1;
INSERT INTO hours SELECT camera, start_us / 3600000000, format, sound, (SELECT last FROM revisions), count(*),
	sum(min(((end_us - start_us) * 9 + 2) / 5, frames * 4294967295)), sum(bytes - data_at), sum(frames), sum(keys),
	sum(min(stts + 1, frames)), sum(ctts), sum(ctts = 0), sum(fragments), sum(frames = 0 OR fragments = 0), sum(sounds)
	FROM segments WHERE lost = 0 GROUP BY camera, start_us / 3600000000, format, sound;
CREATE TRIGGER hour_more AFTER INSERT ON segments WHEN NEW.lost = 0 BEGIN
` + hourMoreSound + `END;
CREATE TRIGGER hour_less AFTER DELETE ON segments WHEN OLD.lost = 0 BEGIN
` + hourLessSound + `END;
CREATE TRIGGER hour_changed_less AFTER UPDATE OF camera, start_us, end_us, bytes, frames, keys, stts, ctts, data_at, fragments, format, lost, path, sequence, sound, sounds ON segments WHEN OLD.lost = 0 BEGIN
` + hourLessSound + `END;
CREATE TRIGGER hour_changed_more AFTER UPDATE OF camera, start_us, end_us, bytes, frames, keys, stts, ctts, data_at, fragments, format, lost, path, sequence, sound, sounds ON segments WHEN NEW.lost = 0 BEGIN
` + hourMoreSound + `END;
`}

// What an hour has less without a segment OLD, and more with one NEW.
const (
	hourLessSound = `	UPDATE revisions SET last = last + 1;
	UPDATE hours SET revision = (SELECT last FROM revisions), segments = segments - 1,
		ticks = ticks - min(((OLD.end_us - OLD.start_us) * 9 + 2) / 5, OLD.frames * 4294967295), bytes = bytes - (OLD.bytes - OLD.data_at),
		frames = frames - OLD.frames, keys = keys - OLD.keys, durations = durations - min(OLD.stts + 1, OLD.frames),
		offsets = offsets - OLD.ctts, plain = plain - (OLD.ctts = 0), fragments = fragments - OLD.fragments, odd = odd - (OLD.frames = 0 OR OLD.fragments = 0), sounds = sounds - OLD.sounds
		WHERE camera = OLD.camera AND hour = OLD.start_us / 3600000000 AND format = OLD.format AND sound = OLD.sound;
	DELETE FROM hours WHERE camera = OLD.camera AND hour = OLD.start_us / 3600000000 AND format = OLD.format AND sound = OLD.sound AND segments = 0;
`
	hourMoreSound = `	UPDATE revisions SET last = last + 1;
	INSERT INTO hours SELECT NEW.camera, NEW.start_us / 3600000000, NEW.format, NEW.sound, last, 1,
		min(((NEW.end_us - NEW.start_us) * 9 + 2) / 5, NEW.frames * 4294967295), NEW.bytes - NEW.data_at, NEW.frames, NEW.keys,
		min(NEW.stts + 1, NEW.frames), NEW.ctts, NEW.ctts = 0, NEW.fragments, NEW.frames = 0 OR NEW.fragments = 0, NEW.sounds
		FROM revisions WHERE true
	ON CONFLICT (camera, hour, format, sound) DO UPDATE SET
		revision = excluded.revision, segments = segments + 1, ticks = ticks + excluded.ticks, bytes = bytes + excluded.bytes,
		frames = frames + excluded.frames, keys = keys + excluded.keys, durations = durations + excluded.durations,
		offsets = offsets + excluded.offsets, plain = plain + excluded.plain, fragments = fragments + excluded.fragments, odd = odd + excluded.odd, sounds = sounds + excluded.sounds;
`
)

// The same as the second version had it, which knew no sound.
const (
	hourLess = `	UPDATE revisions SET last = last + 1;
	UPDATE hours SET revision = (SELECT last FROM revisions), segments = segments - 1,
		ticks = ticks - min(((OLD.end_us - OLD.start_us) * 9 + 2) / 5, OLD.frames * 4294967295), bytes = bytes - (OLD.bytes - OLD.data_at),
		frames = frames - OLD.frames, keys = keys - OLD.keys, durations = durations - min(OLD.stts + 1, OLD.frames),
		offsets = offsets - OLD.ctts, plain = plain - (OLD.ctts = 0), fragments = fragments - OLD.fragments, odd = odd - (OLD.frames = 0 OR OLD.fragments = 0)
		WHERE camera = OLD.camera AND hour = OLD.start_us / 3600000000 AND format = OLD.format;
	DELETE FROM hours WHERE camera = OLD.camera AND hour = OLD.start_us / 3600000000 AND format = OLD.format AND segments = 0;
`
	hourMore = `	UPDATE revisions SET last = last + 1;
	INSERT INTO hours SELECT NEW.camera, NEW.start_us / 3600000000, NEW.format, last, 1,
		min(((NEW.end_us - NEW.start_us) * 9 + 2) / 5, NEW.frames * 4294967295), NEW.bytes - NEW.data_at, NEW.frames, NEW.keys,
		min(NEW.stts + 1, NEW.frames), NEW.ctts, NEW.ctts = 0, NEW.fragments, NEW.frames = 0 OR NEW.fragments = 0
		FROM revisions WHERE true
	ON CONFLICT (camera, hour, format) DO UPDATE SET
		revision = excluded.revision, segments = segments + 1, ticks = ticks + excluded.ticks, bytes = bytes + excluded.bytes,
		frames = frames + excluded.frames, keys = keys + excluded.keys, durations = durations + excluded.durations,
		offsets = offsets + excluded.offsets, plain = plain + excluded.plain, fragments = fragments + excluded.fragments, odd = odd + excluded.odd;
`
)

// checkHeader looks whether this is a database of ours that we understand.
func checkHeader(ctx context.Context, db *sql.DB, name string) (version int, err error) {
	var id int
	if err := db.QueryRowContext(ctx, "PRAGMA application_id").Scan(&id); err != nil {
		return 0, err
	}
	if id != applicationID {
		return 0, damaged(name, "a database of another program, or its first page is overwritten")
	}
	if err := db.QueryRowContext(ctx, "PRAGMA user_version").Scan(&version); err != nil {
		return 0, err
	}
	if version < 1 {
		return 0, damaged(name, "without a version")
	}
	if version > len(migrations) {
		return 0, fmt.Errorf("%s %w (version %d, this one knows %d): start that Framegate, or move the file away to have one made of the recordings, without marks", name, ErrNewer, version, len(migrations))
	}
	return version, nil
}

// migrate brings the database to the version that the migrations lead to.
func migrate(ctx context.Context, db *sql.DB, migrations []string) error {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback() // nothing after a commit
	var version int
	if err := tx.QueryRowContext(ctx, "PRAGMA user_version").Scan(&version); err != nil {
		return err
	}
	for ; version < len(migrations); version++ {
		if _, err := tx.ExecContext(ctx, migrations[version]); err != nil {
			return fmt.Errorf("migrating from version %d: %w", version, err)
		}
	}
	if _, err := tx.ExecContext(ctx, fmt.Sprintf("PRAGMA user_version = %d", version)); err != nil {
		return err
	}
	return tx.Commit()
}

// checkPages has SQLite look at every page, which finds what a disk has done to
// the file, but does not compare tables with their indexes, which takes longer.
func checkPages(ctx context.Context, db *sql.DB, name string) error {
	var answer string
	if err := db.QueryRowContext(ctx, "PRAGMA quick_check(1)").Scan(&answer); err != nil {
		return err
	}
	if answer != "ok" {
		return damaged(name, strings.Join(strings.Fields(answer), " "))
	}
	return nil
}
