-- The last number that a line of a job's log has: whoever writes lines takes theirs from here.
CREATE TABLE log_numbers (
  job  text COLLATE "C" PRIMARY KEY REFERENCES jobs (id) ON DELETE CASCADE,
  last bigint NOT NULL
);
INSERT INTO log_numbers (job, last) SELECT job, MAX(sequence) FROM log GROUP BY job;
