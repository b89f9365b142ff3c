-- Of a line of a job's log: 1 info, 2 warning, 3 error.
ALTER TABLE log ADD COLUMN level bigint NOT NULL DEFAULT 1;

-- Steps of a job's curve: of each stretch of them the one with the lowest loss (high 0) and the one with the highest (1).
CREATE TABLE curves (
  job     text COLLATE "C" NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
  stretch bigint NOT NULL,
  high    bigint NOT NULL,
  step    bigint NOT NULL,
  metrics text NOT NULL,
  PRIMARY KEY (job, stretch, high)
);

-- How often each coordinator has said that it is a member of the cluster: whoever would form another one looks first whether somebody does.
CREATE TABLE coordinators (
  address text COLLATE "C" PRIMARY KEY,
  beats   bigint NOT NULL
);
