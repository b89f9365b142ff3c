-- Devices of machines whose memory changed what it held: no job is granted a worker there until an operator clears them. An empty device: all of the machine.
CREATE TABLE quarantine (
  machine TEXT NOT NULL,
  device  TEXT NOT NULL,
  worker  TEXT NOT NULL,
  job     TEXT NOT NULL,
  reason  TEXT NOT NULL,
  time    INTEGER NOT NULL,
  PRIMARY KEY (machine, device)
) WITHOUT ROWID;
