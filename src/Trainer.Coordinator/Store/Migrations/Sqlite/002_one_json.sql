-- Messages in the JSON that job files have: snake_case, bare enum names, numbers as numbers. A request is told from another one under its id by its hash.
UPDATE jobs SET
  spec = rewrite('trainer.v1.JobSpec', spec),
  assignment = rewrite('trainer.cluster.v1.Assignment', assignment),
  progress = rewrite('trainer.v1.Progress', progress),
  result = rewrite('trainer.v1.Result', result);
UPDATE transitions SET transition = rewrite('trainer.v1.Transition', transition);
UPDATE epochs SET summary = rewrite('trainer.v1.EpochSummary', summary);
ALTER TABLE jobs ADD COLUMN request_hash TEXT NOT NULL DEFAULT '';
