-- What a job needs to go on with other workers, or with none for a while: what its user wants of it, how far it is, its states on disk, whom it avoids.
ALTER TABLE jobs ADD COLUMN desired INTEGER NOT NULL DEFAULT 0;
ALTER TABLE jobs ADD COLUMN min_workers INTEGER;
ALTER TABLE jobs ADD COLUMN max_workers INTEGER;
ALTER TABLE jobs ADD COLUMN committed TEXT;
-- Lists: one message a line.
ALTER TABLE jobs ADD COLUMN checkpoints TEXT NOT NULL DEFAULT '';
ALTER TABLE jobs ADD COLUMN evictions TEXT NOT NULL DEFAULT '';

-- A generation of a job; the last one still changes.
CREATE TABLE segments (
  job      TEXT NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
  sequence INTEGER NOT NULL,
  segment  TEXT NOT NULL,
  PRIMARY KEY (job, sequence)
) WITHOUT ROWID;
