-- How far a stream of events has come, who sends it now, and until when nobody
-- else does. No part of the log.
CREATE TABLE log_stream (name TEXT PRIMARY KEY, next INTEGER NOT NULL, holder TEXT NOT NULL, until INTEGER NOT NULL);
