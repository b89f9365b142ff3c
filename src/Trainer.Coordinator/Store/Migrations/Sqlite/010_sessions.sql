-- Browsers' sessions are tokens that end with the one that they began by; codes begin one, once. Of a code there is the SHA-256 in hexadecimal alone.
ALTER TABLE tokens ADD COLUMN is_session INTEGER NOT NULL DEFAULT 0;
ALTER TABLE tokens ADD COLUMN parent TEXT NOT NULL DEFAULT '';
CREATE TABLE sign_in_codes (
  hash      TEXT PRIMARY KEY,
  parent    TEXT NOT NULL,
  user_name TEXT NOT NULL,
  role      INTEGER NOT NULL,
  expires   INTEGER NOT NULL
) WITHOUT ROWID;
