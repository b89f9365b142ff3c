-- Jobs that verify others: what they compute again, and whose checkpoint they begin with.
ALTER TABLE jobs ADD COLUMN verification TEXT;
ALTER TABLE jobs ADD COLUMN origin TEXT;
