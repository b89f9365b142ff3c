-- What receivers outside the cluster are still to be told of jobs, in order. No job's own: what is said of a job outlives it.
CREATE TABLE outbox (
  number   INTEGER PRIMARY KEY AUTOINCREMENT,
  receiver TEXT NOT NULL,
  id       TEXT NOT NULL,
  job      TEXT NOT NULL,
  time     INTEGER NOT NULL,
  body     TEXT NOT NULL
);

-- The oldest change of each job is asked for.
CREATE INDEX outbox_by_job ON outbox (receiver, job, number);
