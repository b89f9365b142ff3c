-- Who may call. Of a token's secret there is the SHA-256 in hexadecimal alone.
CREATE TABLE tokens (
  id         text COLLATE "C" PRIMARY KEY,
  hash       text COLLATE "C" NOT NULL UNIQUE,
  user_name  text NOT NULL,
  role       bigint NOT NULL,
  created    bigint NOT NULL,
  expires    bigint,
  created_by text NOT NULL
);
