-- The last number that a line of a job's log has: whoever writes lines takes theirs from here.
CREATE TABLE log_numbers (
  job  TEXT PRIMARY KEY REFERENCES jobs (id) ON DELETE CASCADE,
  last INTEGER NOT NULL
) WITHOUT ROWID;
INSERT INTO log_numbers (job, last) SELECT job, MAX(sequence) FROM log GROUP BY job;
