-- An index of version 1, as commit 6bc7d3d wrote it.
PRAGMA page_size = 4096;
PRAGMA journal_mode = WAL;
PRAGMA application_id = 1181185129;
PRAGMA user_version = 1;
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
	to_us   INTEGER NOT NULL,
	PRIMARY KEY (camera, from_us)
) STRICT, WITHOUT ROWID;
INSERT INTO spans VALUES(1,1795176000000000,1795176300000000);
INSERT INTO spans VALUES(1,1795176400000000,1795176401000000);
CREATE TABLE gaps ( -- of a camera: none overlaps another
	camera  INTEGER NOT NULL REFERENCES cameras (id),
	from_us INTEGER NOT NULL,
	to_us   INTEGER NOT NULL,
	reason  TEXT NOT NULL,
	PRIMARY KEY (camera, from_us)
) STRICT, WITHOUT ROWID;
INSERT INTO gaps VALUES(1,1795176300000000,1795176400000000,'full');
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
INSERT INTO marks VALUES(1,1,'motion',1795176070000000,1795176080000000,0,0,1795176070000000,1795176080000000,0,'',X'7b2261223a317d','user:anna',0);
INSERT INTO marks VALUES(2,1,'protect',1795176000000000,1795176030000000,0,0,1795176000000000,1795176030000000,1,'the parcel',NULL,'user:admin',0);
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
CREATE INDEX gaps_by_length ON gaps (camera, to_us - from_us, to_us);
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
COMMIT;
