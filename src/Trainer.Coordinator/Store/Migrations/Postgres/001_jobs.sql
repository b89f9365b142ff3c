-- Times are milliseconds since 1970 (UTC). Messages are protobuf in its JSON form, as text: what was written is what is read. Names order by their bytes, as in SQLite.
CREATE TABLE jobs (
  id                text COLLATE "C" PRIMARY KEY,
  request_id        text NOT NULL,
  request_hash      text NOT NULL DEFAULT '',
  spec              text NOT NULL,
  state             bigint NOT NULL,
  message           text NOT NULL,
  term              bigint NOT NULL,
  generation_term   bigint NOT NULL,
  generation_number bigint NOT NULL,
  assignment        text,
  numerics          text NOT NULL,
  created           bigint NOT NULL,
  started           bigint,
  ended             bigint,
  version           bigint NOT NULL,
  progress          text,
  result            text,
  desired           bigint NOT NULL DEFAULT 0,
  min_workers       bigint,
  max_workers       bigint,
  committed         text,
  -- Lists: one message a line.
  checkpoints       text NOT NULL DEFAULT '',
  evictions         text NOT NULL DEFAULT '',
  verification      text,
  origin            text,
  -- A JSON object of texts.
  labels            text NOT NULL DEFAULT '{}',
  notes             text NOT NULL DEFAULT '',
  creator           text COLLATE "C" NOT NULL DEFAULT '',
  priority          bigint,
  -- The spec's, for lists that are ordered by it.
  name              text COLLATE "C" NOT NULL DEFAULT ''
);

CREATE INDEX jobs_newest ON jobs (created DESC, id DESC);
CREATE INDEX jobs_by_state ON jobs (state);

CREATE TABLE transitions (
  job        text COLLATE "C" NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
  sequence   bigint NOT NULL,
  transition text NOT NULL,
  PRIMARY KEY (job, sequence)
);

CREATE TABLE epochs (
  job     text COLLATE "C" NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
  epoch   bigint NOT NULL,
  summary text NOT NULL,
  PRIMARY KEY (job, epoch)
);

-- A generation of a job; the last one still changes.
CREATE TABLE segments (
  job      text COLLATE "C" NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
  sequence bigint NOT NULL,
  segment  text NOT NULL,
  PRIMARY KEY (job, sequence)
);

CREATE TABLE log (
  job      text COLLATE "C" NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
  sequence bigint NOT NULL,
  time     bigint NOT NULL,
  source   text NOT NULL,
  message  text NOT NULL,
  PRIMARY KEY (job, sequence)
);

-- Devices of machines whose memory changed what it held. An empty device: all of the machine.
CREATE TABLE quarantine (
  machine text COLLATE "C" NOT NULL,
  device  text COLLATE "C" NOT NULL,
  worker  text NOT NULL,
  job     text NOT NULL,
  reason  text NOT NULL,
  time    bigint NOT NULL,
  PRIMARY KEY (machine, device)
);
