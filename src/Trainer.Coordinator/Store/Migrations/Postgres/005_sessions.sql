-- Browsers' sessions are tokens that end with the one that they began by; codes begin one, once. Of a code there is the SHA-256 in hexadecimal alone.
ALTER TABLE tokens ADD COLUMN is_session bigint NOT NULL DEFAULT 0;
ALTER TABLE tokens ADD COLUMN parent text COLLATE "C" NOT NULL DEFAULT '';
CREATE TABLE sign_in_codes (
  hash      text COLLATE "C" PRIMARY KEY,
  parent    text COLLATE "C" NOT NULL,
  user_name text NOT NULL,
  role      bigint NOT NULL,
  expires   bigint NOT NULL
);
