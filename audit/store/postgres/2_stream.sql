-- How far a stream of events has come, who sends it now, and until when nobody
-- else does. No part of the log.
CREATE TABLE log_stream (name text PRIMARY KEY, next bigint NOT NULL, holder text NOT NULL, until bigint NOT NULL);
