-- Of a line of a job's log: 1 info, 2 warning, 3 error.
ALTER TABLE log ADD COLUMN level INTEGER NOT NULL DEFAULT 1;

-- Steps of a job's curve: of each stretch of them the one with the lowest loss (high 0) and the one with the highest (1).
CREATE TABLE curves (
  job     TEXT NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
  stretch INTEGER NOT NULL,
  high    INTEGER NOT NULL,
  step    INTEGER NOT NULL,
  metrics TEXT NOT NULL,
  PRIMARY KEY (job, stretch, high)
) WITHOUT ROWID;

-- How often each coordinator has said that it is a member of the cluster: whoever would form another one looks first whether somebody does.
CREATE TABLE coordinators (
  address TEXT PRIMARY KEY,
  beats   INTEGER NOT NULL
) WITHOUT ROWID;
