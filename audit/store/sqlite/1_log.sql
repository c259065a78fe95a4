-- Times are nanoseconds since 1970 in UTC.
CREATE TABLE log_version (version INTEGER PRIMARY KEY, at INTEGER NOT NULL);

-- One record of a case. An erased one has neither person nor salt nor body.
CREATE TABLE log_entry (
	idx     INTEGER PRIMARY KEY,
	id      TEXT    NOT NULL UNIQUE,
	case_id TEXT    NOT NULL,
	seq     INTEGER NOT NULL CHECK (seq > 0),
	kind    TEXT    NOT NULL,
	at      INTEGER NOT NULL,
	leaf    BLOB    NOT NULL CHECK (length(leaf) = 32),
	person  TEXT,
	salt    BLOB    CHECK (length(salt) = 32),
	body    BLOB,
	UNIQUE (case_id, seq),
	CHECK ((salt IS NULL) = (body IS NULL))
);
CREATE INDEX log_entry_person ON log_entry (person) WHERE person IS NOT NULL;

-- The Merkle tree, by the index of a stored hash.
CREATE TABLE log_hash (idx INTEGER PRIMARY KEY, hash BLOB NOT NULL CHECK (length(hash) = 32));

-- Signed checkpoints in the order in which they were signed.
CREATE TABLE log_checkpoint (
	serial INTEGER PRIMARY KEY,
	size   INTEGER NOT NULL,
	at     INTEGER NOT NULL,
	text   BLOB    NOT NULL
);

-- What was erased, and by which record of the log.
CREATE TABLE log_erasure (
	idx    INTEGER PRIMARY KEY REFERENCES log_entry (idx),
	record TEXT    NOT NULL REFERENCES log_entry (id)
);

-- What must not be erased. A row is removed when the hold ends; both are records of the log.
CREATE TABLE log_hold (id TEXT PRIMARY KEY, person TEXT NOT NULL, case_id TEXT NOT NULL, record TEXT NOT NULL REFERENCES log_entry (id));

-- Where checkpoints were sent. No part of the log.
CREATE TABLE log_delivery (sink TEXT PRIMARY KEY, at INTEGER NOT NULL, text BLOB NOT NULL);

-- Records of what was erased and may still be in the files. No part of the log.
CREATE TABLE log_chore (name TEXT PRIMARY KEY);

CREATE TRIGGER log_entry_stays BEFORE DELETE ON log_entry BEGIN
	SELECT RAISE(ABORT, 'the log is append-only');
END;
CREATE TRIGGER log_entry_same BEFORE UPDATE ON log_entry WHEN NOT (
	NEW.person IS NULL AND NEW.salt IS NULL AND NEW.body IS NULL
	AND NEW.idx IS OLD.idx AND NEW.id IS OLD.id AND NEW.case_id IS OLD.case_id AND NEW.seq IS OLD.seq
	AND NEW.kind IS OLD.kind AND NEW.at IS OLD.at AND NEW.leaf IS OLD.leaf
	AND EXISTS (SELECT 1 FROM log_erasure WHERE idx = OLD.idx)
) BEGIN
	SELECT RAISE(ABORT, 'the log is append-only');
END;
CREATE TRIGGER log_hash_stays BEFORE DELETE ON log_hash BEGIN
	SELECT RAISE(ABORT, 'the log is append-only');
END;
CREATE TRIGGER log_hash_same BEFORE UPDATE ON log_hash BEGIN
	SELECT RAISE(ABORT, 'the log is append-only');
END;
CREATE TRIGGER log_checkpoint_stays BEFORE DELETE ON log_checkpoint BEGIN
	SELECT RAISE(ABORT, 'the log is append-only');
END;
CREATE TRIGGER log_checkpoint_same BEFORE UPDATE ON log_checkpoint BEGIN
	SELECT RAISE(ABORT, 'the log is append-only');
END;
CREATE TRIGGER log_erasure_stays BEFORE DELETE ON log_erasure BEGIN
	SELECT RAISE(ABORT, 'the log is append-only');
END;
CREATE TRIGGER log_erasure_same BEFORE UPDATE ON log_erasure BEGIN
	SELECT RAISE(ABORT, 'the log is append-only');
END;
