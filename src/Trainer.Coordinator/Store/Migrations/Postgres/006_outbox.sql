-- What receivers outside the cluster are still to be told of jobs, in order. No job's own: what is said of a job outlives it.
CREATE TABLE outbox (
  number   bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  receiver text COLLATE "C" NOT NULL,
  id       text NOT NULL,
  job      text COLLATE "C" NOT NULL,
  time     bigint NOT NULL,
  body     text NOT NULL
);

-- The oldest change of each job is asked for.
CREATE INDEX outbox_by_job ON outbox (receiver, job, number);
