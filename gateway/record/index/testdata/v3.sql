-- An index of version 3, as commit 527d113 wrote it.
PRAGMA page_size = 4096;
PRAGMA journal_mode = WAL;
PRAGMA application_id = 1181185129;
PRAGMA user_version = 3;
PRAGMA foreign_keys=OFF;
BEGIN TRANSACTION;
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
INSERT INTO cameras VALUES(1,'front',6,6000,1000,1000,0,2,1,6,60000000);
INSERT INTO cameras VALUES(2,'garden',0,0,0,0,1,0,0,1,60000000);
CREATE TABLE formats (
	id     INTEGER PRIMARY KEY AUTOINCREMENT,
	codec  TEXT NOT NULL,
	width  INTEGER NOT NULL,
	height INTEGER NOT NULL,
	config BLOB NOT NULL,
	seen   INTEGER NOT NULL, -- the newest segment when it was last asked for
	UNIQUE (codec, width, height, config)
) STRICT;
INSERT INTO formats VALUES(1,'h264',1280,720,X'010203',0);
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
INSERT INTO segments VALUES(1,1,'run',1,'front/1.mp4',1795176000000000,1795176060000000,1000,10,1,2,3,400,500,6,1,1.0,0,2,1);
INSERT INTO segments VALUES(2,1,'run',2,'front/2.mp4',1795176060000000,1795176120000000,1000,10,1,2,3,400,500,6,1,1.0,0,1,2);
INSERT INTO segments VALUES(3,1,'run',3,'front/3.mp4',1795176120000000,1795176180000000,1000,10,1,2,3,400,500,6,1,1.0,0,0,3);
INSERT INTO segments VALUES(4,1,'run',4,'front/4.mp4',1795176180000000,1795176240000000,1000,10,1,2,3,400,500,6,1,1.0,0,0,4);
INSERT INTO segments VALUES(5,1,'run',5,'front/5.mp4',1795176240000000,1795176300000000,1000,10,1,2,3,400,500,6,1,1.0,0,0,5);
INSERT INTO segments VALUES(6,1,'run',6,'front/6.jpg',1795176400000000,1795176401000000,1000,10,1,2,3,400,500,0,1,1.0,0,0,6);
INSERT INTO segments VALUES(7,2,'run',1,'garden/1.mp4',1795176000000000,1795176060000000,1000,10,1,2,3,400,500,6,0,1.0,1,0,7);
CREATE TABLE garbage (
	id     INTEGER PRIMARY KEY AUTOINCREMENT,
	camera TEXT NOT NULL,
	path   TEXT NOT NULL UNIQUE,
	bytes  INTEGER NOT NULL
) STRICT;
CREATE TABLE spans ( -- of a camera: none touches another
	camera  INTEGER NOT NULL REFERENCES cameras (id),
	from_us INTEGER NOT NULL,
	to_us   INTEGER NOT NULL, since_us INTEGER NOT NULL DEFAULT 0, class INTEGER NOT NULL DEFAULT 0,
	PRIMARY KEY (camera, from_us)
) STRICT, WITHOUT ROWID;
INSERT INTO spans VALUES(1,1795176000000000,1795176300000000,0,51);
INSERT INTO spans VALUES(1,1795176400000000,1795176401000000,1795176300000000,27);
CREATE TABLE gaps ( -- of a camera: none overlaps another
	camera  INTEGER NOT NULL REFERENCES cameras (id),
	from_us INTEGER NOT NULL,
	to_us   INTEGER NOT NULL,
	reason  TEXT NOT NULL, class INTEGER NOT NULL DEFAULT 0,
	PRIMARY KEY (camera, from_us)
) STRICT, WITHOUT ROWID;
INSERT INTO gaps VALUES(1,1795176300000000,1795176400000000,'full',27);
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
, owner TEXT NOT NULL DEFAULT '') STRICT;
INSERT INTO marks VALUES(1,1,'motion',1795176070000000,1795176080000000,0,0,1795176070000000,1795176080000000,0,'',X'7b2261223a317d','user:anna',0,'user 7');
INSERT INTO marks VALUES(2,1,'protect',1795176000000000,1795176030000000,0,0,1795176000000000,1795176030000000,1,'the parcel',NULL,'user:admin',0,'user 1');
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
INSERT INTO flags VALUES(1,900000000,1994640,'motion',1,1795176070000000,1795176080000000,0,1);
INSERT INTO flags VALUES(1,900000000,1994640,'protect',2,1795176000000000,1795176030000000,1,1);
INSERT INTO flags VALUES(1,1800000000,997320,'motion',1,1795176070000000,1795176080000000,0,1);
INSERT INTO flags VALUES(1,1800000000,997320,'protect',2,1795176000000000,1795176030000000,1,1);
INSERT INTO flags VALUES(1,3600000000,498660,'motion',1,1795176070000000,1795176080000000,0,1);
INSERT INTO flags VALUES(1,3600000000,498660,'protect',2,1795176000000000,1795176030000000,1,1);
INSERT INTO flags VALUES(1,7200000000,249330,'motion',1,1795176070000000,1795176080000000,0,1);
INSERT INTO flags VALUES(1,7200000000,249330,'protect',2,1795176000000000,1795176030000000,1,1);
INSERT INTO flags VALUES(1,14400000000,124665,'motion',1,1795176070000000,1795176080000000,0,1);
INSERT INTO flags VALUES(1,14400000000,124665,'protect',2,1795176000000000,1795176030000000,1,1);
INSERT INTO flags VALUES(1,28800000000,62332,'motion',1,1795176070000000,1795176080000000,0,1);
INSERT INTO flags VALUES(1,28800000000,62332,'protect',2,1795176000000000,1795176030000000,1,1);
INSERT INTO flags VALUES(1,57600000000,31166,'motion',1,1795176070000000,1795176080000000,0,1);
INSERT INTO flags VALUES(1,57600000000,31166,'protect',2,1795176000000000,1795176030000000,1,1);
INSERT INTO flags VALUES(1,115200000000,15583,'motion',1,1795176070000000,1795176080000000,0,1);
INSERT INTO flags VALUES(1,115200000000,15583,'protect',2,1795176000000000,1795176030000000,1,1);
CREATE TABLE revisions (last INTEGER NOT NULL) STRICT;
INSERT INTO revisions VALUES(581532599166956904);
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
INSERT INTO hours VALUES(1,498660,1,581532599166956902,6,541800000,3000,60,6,18,18,0,30,1);
DELETE FROM sqlite_sequence;
INSERT INTO sqlite_sequence VALUES('formats',1);
INSERT INTO sqlite_sequence VALUES('cameras',2);
INSERT INTO sqlite_sequence VALUES('segments',7);
INSERT INTO sqlite_sequence VALUES('marks',2);
CREATE INDEX segments_by_time ON segments (camera, start_us, end_us, lost);
CREATE INDEX segments_by_sequence ON segments (camera, sequence, hold, lost);
CREATE INDEX segments_by_writing ON segments (written, sequence, hold, lost);
CREATE INDEX segments_by_age ON segments (camera, hold, end_us) WHERE lost = 0;
CREATE INDEX segments_lost ON segments (camera, start_us, end_us) WHERE lost = 1;
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
CREATE INDEX spans_by_hole ON spans (camera, class, from_us, since_us);
CREATE INDEX gaps_by_class ON gaps (camera, class, from_us, to_us, reason);
CREATE TRIGGER hour_more AFTER INSERT ON segments WHEN NEW.lost = 0 BEGIN
	UPDATE revisions SET last = last + 1;
	INSERT INTO hours SELECT NEW.camera, NEW.start_us / 3600000000, NEW.format, last, 1,
		min(((NEW.end_us - NEW.start_us) * 9 + 2) / 5, NEW.frames * 4294967295), NEW.bytes - NEW.data_at, NEW.frames, NEW.keys,
		min(NEW.stts + 1, NEW.frames), NEW.ctts, NEW.ctts = 0, NEW.fragments, NEW.frames = 0 OR NEW.fragments = 0
		FROM revisions WHERE true
	ON CONFLICT (camera, hour, format) DO UPDATE SET
		revision = excluded.revision, segments = segments + 1, ticks = ticks + excluded.ticks, bytes = bytes + excluded.bytes,
		frames = frames + excluded.frames, keys = keys + excluded.keys, durations = durations + excluded.durations,
		offsets = offsets + excluded.offsets, plain = plain + excluded.plain, fragments = fragments + excluded.fragments, odd = odd + excluded.odd;
END;
CREATE TRIGGER hour_less AFTER DELETE ON segments WHEN OLD.lost = 0 BEGIN
	UPDATE revisions SET last = last + 1;
	UPDATE hours SET revision = (SELECT last FROM revisions), segments = segments - 1,
		ticks = ticks - min(((OLD.end_us - OLD.start_us) * 9 + 2) / 5, OLD.frames * 4294967295), bytes = bytes - (OLD.bytes - OLD.data_at),
		frames = frames - OLD.frames, keys = keys - OLD.keys, durations = durations - min(OLD.stts + 1, OLD.frames),
		offsets = offsets - OLD.ctts, plain = plain - (OLD.ctts = 0), fragments = fragments - OLD.fragments, odd = odd - (OLD.frames = 0 OR OLD.fragments = 0)
		WHERE camera = OLD.camera AND hour = OLD.start_us / 3600000000 AND format = OLD.format;
	DELETE FROM hours WHERE camera = OLD.camera AND hour = OLD.start_us / 3600000000 AND format = OLD.format AND segments = 0;
END;
CREATE TRIGGER hour_changed_less AFTER UPDATE OF camera, start_us, end_us, bytes, frames, keys, stts, ctts, data_at, fragments, format, lost, path, sequence ON segments WHEN OLD.lost = 0 BEGIN
	UPDATE revisions SET last = last + 1;
	UPDATE hours SET revision = (SELECT last FROM revisions), segments = segments - 1,
		ticks = ticks - min(((OLD.end_us - OLD.start_us) * 9 + 2) / 5, OLD.frames * 4294967295), bytes = bytes - (OLD.bytes - OLD.data_at),
		frames = frames - OLD.frames, keys = keys - OLD.keys, durations = durations - min(OLD.stts + 1, OLD.frames),
		offsets = offsets - OLD.ctts, plain = plain - (OLD.ctts = 0), fragments = fragments - OLD.fragments, odd = odd - (OLD.frames = 0 OR OLD.fragments = 0)
		WHERE camera = OLD.camera AND hour = OLD.start_us / 3600000000 AND format = OLD.format;
	DELETE FROM hours WHERE camera = OLD.camera AND hour = OLD.start_us / 3600000000 AND format = OLD.format AND segments = 0;
END;
CREATE TRIGGER hour_changed_more AFTER UPDATE OF camera, start_us, end_us, bytes, frames, keys, stts, ctts, data_at, fragments, format, lost, path, sequence ON segments WHEN NEW.lost = 0 BEGIN
	UPDATE revisions SET last = last + 1;
	INSERT INTO hours SELECT NEW.camera, NEW.start_us / 3600000000, NEW.format, last, 1,
		min(((NEW.end_us - NEW.start_us) * 9 + 2) / 5, NEW.frames * 4294967295), NEW.bytes - NEW.data_at, NEW.frames, NEW.keys,
		min(NEW.stts + 1, NEW.frames), NEW.ctts, NEW.ctts = 0, NEW.fragments, NEW.frames = 0 OR NEW.fragments = 0
		FROM revisions WHERE true
	ON CONFLICT (camera, hour, format) DO UPDATE SET
		revision = excluded.revision, segments = segments + 1, ticks = ticks + excluded.ticks, bytes = bytes + excluded.bytes,
		frames = frames + excluded.frames, keys = keys + excluded.keys, durations = durations + excluded.durations,
		offsets = offsets + excluded.offsets, plain = plain + excluded.plain, fragments = fragments + excluded.fragments, odd = odd + excluded.odd;
END;
COMMIT;
