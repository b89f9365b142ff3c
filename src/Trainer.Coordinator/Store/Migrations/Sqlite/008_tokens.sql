-- Who may call. Of a token's secret there is the SHA-256 in hexadecimal alone.
CREATE TABLE tokens (
  id         TEXT PRIMARY KEY,
  hash       TEXT NOT NULL UNIQUE,
  user_name  TEXT NOT NULL,
  role       INTEGER NOT NULL,
  created    INTEGER NOT NULL,
  expires    INTEGER,
  created_by TEXT NOT NULL
) WITHOUT ROWID;
