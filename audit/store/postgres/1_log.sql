-- Times are nanoseconds since 1970 in UTC.
CREATE TABLE log_version (version bigint PRIMARY KEY, at bigint NOT NULL);

-- One record of a case. An erased one has neither person nor salt nor body.
CREATE TABLE log_entry (
	idx     bigint PRIMARY KEY,
	id      text   NOT NULL UNIQUE,
	case_id text   NOT NULL,
	seq     bigint NOT NULL CHECK (seq > 0),
	kind    text   NOT NULL,
	at      bigint NOT NULL,
	leaf    bytea  NOT NULL CHECK (length(leaf) = 32),
	person  text,
	salt    bytea  CHECK (length(salt) = 32),
	body    bytea,
	UNIQUE (case_id, seq),
	CHECK ((salt IS NULL) = (body IS NULL))
);
CREATE INDEX log_entry_person ON log_entry (person) WHERE person IS NOT NULL;

-- The Merkle tree, by the index of a stored hash.
CREATE TABLE log_hash (idx bigint PRIMARY KEY, hash bytea NOT NULL CHECK (length(hash) = 32));

-- Signed checkpoints in the order in which they were signed.
CREATE TABLE log_checkpoint (
	serial bigint PRIMARY KEY,
	size   bigint NOT NULL,
	at     bigint NOT NULL,
	text   bytea  NOT NULL
);

-- What was erased, and by which record of the log.
CREATE TABLE log_erasure (
	idx    bigint PRIMARY KEY REFERENCES log_entry (idx),
	record text   NOT NULL REFERENCES log_entry (id)
);

-- What must not be erased. A row is removed when the hold ends; both are records of the log.
CREATE TABLE log_hold (id text PRIMARY KEY, person text NOT NULL, case_id text NOT NULL, record text NOT NULL REFERENCES log_entry (id));

-- Where checkpoints were sent. No part of the log.
CREATE TABLE log_delivery (sink text PRIMARY KEY, at bigint NOT NULL, text bytea NOT NULL);

-- Records of what was erased and may still be in the files. No part of the log.
CREATE TABLE log_chore (name text PRIMARY KEY);

CREATE FUNCTION log_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	RAISE EXCEPTION 'the log is append-only' USING ERRCODE = 'restrict_violation';
END $$;

CREATE FUNCTION log_entry_same() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	IF NEW.person IS NULL AND NEW.salt IS NULL AND NEW.body IS NULL
		AND (NEW.idx, NEW.id, NEW.case_id, NEW.seq, NEW.kind, NEW.at, NEW.leaf)
			IS NOT DISTINCT FROM (OLD.idx, OLD.id, OLD.case_id, OLD.seq, OLD.kind, OLD.at, OLD.leaf)
		AND EXISTS (SELECT 1 FROM log_erasure e WHERE e.idx = OLD.idx) THEN
		RETURN NEW;
	END IF;
	RAISE EXCEPTION 'the log is append-only' USING ERRCODE = 'restrict_violation';
END $$;

CREATE TRIGGER log_entry_same BEFORE UPDATE ON log_entry FOR EACH ROW EXECUTE FUNCTION log_entry_same();
CREATE TRIGGER log_entry_stays BEFORE DELETE OR TRUNCATE ON log_entry FOR EACH STATEMENT EXECUTE FUNCTION log_append_only();
CREATE TRIGGER log_hash_stays BEFORE UPDATE OR DELETE OR TRUNCATE ON log_hash FOR EACH STATEMENT EXECUTE FUNCTION log_append_only();
CREATE TRIGGER log_checkpoint_stays BEFORE UPDATE OR DELETE OR TRUNCATE ON log_checkpoint FOR EACH STATEMENT EXECUTE FUNCTION log_append_only();
CREATE TRIGGER log_erasure_stays BEFORE UPDATE OR DELETE OR TRUNCATE ON log_erasure FOR EACH STATEMENT EXECUTE FUNCTION log_append_only();
