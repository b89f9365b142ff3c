-- Times are milliseconds since 1970 (UTC). Messages are protobuf in its JSON form: readable with any SQLite tool, extensible as protobuf is.
CREATE TABLE jobs (
  id                TEXT PRIMARY KEY,
  request_id        TEXT NOT NULL,
  spec              TEXT NOT NULL,
  state             INTEGER NOT NULL,
  message           TEXT NOT NULL,
  term              INTEGER NOT NULL,
  generation_term   INTEGER NOT NULL,
  generation_number INTEGER NOT NULL,
  assignment        TEXT,
  numerics          TEXT NOT NULL,
  created           INTEGER NOT NULL,
  started           INTEGER,
  ended             INTEGER,
  version           INTEGER NOT NULL,
  progress          TEXT,
  result            TEXT
) WITHOUT ROWID;

CREATE INDEX jobs_newest ON jobs (created DESC, id DESC);
CREATE INDEX jobs_by_state ON jobs (state);

CREATE TABLE transitions (
  job        TEXT NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
  sequence   INTEGER NOT NULL,
  transition TEXT NOT NULL,
  PRIMARY KEY (job, sequence)
) WITHOUT ROWID;

CREATE TABLE epochs (
  job     TEXT NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
  epoch   INTEGER NOT NULL,
  summary TEXT NOT NULL,
  PRIMARY KEY (job, epoch)
) WITHOUT ROWID;

CREATE TABLE log (
  job      TEXT NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
  sequence INTEGER NOT NULL,
  time     INTEGER NOT NULL,
  source   TEXT NOT NULL,
  message  TEXT NOT NULL,
  PRIMARY KEY (job, sequence)
) WITHOUT ROWID;
