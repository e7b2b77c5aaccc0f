-- One row.
CREATE TABLE meta (schema_version INTEGER NOT NULL);
INSERT INTO meta VALUES (1);

-- The places and versions of documents, and the turns of runs.
CREATE SEQUENCE numbers;

-- A document, or the place of a removed one, where `doc` is null. As text, since jsonb refuses \u0000.
CREATE TABLE objects (
  seq BIGINT PRIMARY KEY,
  kind TEXT NOT NULL,
  parent TEXT NOT NULL,
  id TEXT NOT NULL,
  version BIGINT NOT NULL,
  state TEXT NOT NULL,
  ref TEXT NOT NULL,
  due DOUBLE PRECISION,
  amount BIGINT NOT NULL,
  removed TIMESTAMPTZ,
  doc TEXT
);
CREATE UNIQUE INDEX objects_by_id ON objects (kind, parent, id);
CREATE INDEX objects_in_order ON objects (kind, parent, seq) WHERE doc IS NOT NULL;
CREATE INDEX objects_by_ref ON objects (kind, parent, ref, seq) WHERE doc IS NOT NULL AND ref <> '';
CREATE INDEX objects_by_state ON objects (kind, parent, state, seq) WHERE doc IS NOT NULL AND state <> '';
CREATE INDEX objects_by_version ON objects (parent, version) WHERE kind = 'store_file';
CREATE INDEX objects_holding ON objects (id, parent) WHERE kind = 'store_file' AND doc IS NOT NULL;
CREATE INDEX objects_due ON objects (kind, due) WHERE due IS NOT NULL;
CREATE INDEX objects_removed ON objects (removed) WHERE removed IS NOT NULL;

-- The active runs alone: a thread has at most one, whichever processes create them.
CREATE TABLE runs (
  id TEXT PRIMARY KEY,
  thread TEXT NOT NULL UNIQUE,
  status TEXT NOT NULL,
  owner TEXT NOT NULL,
  lease TIMESTAMPTZ NOT NULL,
  epoch BIGINT NOT NULL,
  losses INTEGER NOT NULL,
  commits BIGINT NOT NULL,
  turn BIGINT NOT NULL
);
CREATE INDEX runs_waiting ON runs (turn);

CREATE TABLE events (
  run TEXT NOT NULL,
  seq BIGINT NOT NULL,
  name TEXT NOT NULL,
  kind TEXT NOT NULL,
  doc TEXT NOT NULL,
  PRIMARY KEY (run, seq)
);

-- Runs whose events go a while after their end.
CREATE TABLE ended (run TEXT PRIMARY KEY, at TIMESTAMPTZ NOT NULL);
CREATE INDEX ended_at ON ended (at);

-- The bytes of files, in pieces; those that no commit has kept are on their way, or were left by a process that ended.
CREATE TABLE blobs (id TEXT PRIMARY KEY, size BIGINT NOT NULL, kept BOOLEAN NOT NULL, at TIMESTAMPTZ NOT NULL);
CREATE INDEX blobs_on_their_way ON blobs (at) WHERE NOT kept;
CREATE TABLE pieces (
  blob TEXT NOT NULL REFERENCES blobs (id) ON DELETE CASCADE,
  n INTEGER NOT NULL,
  bytes BYTEA NOT NULL,
  PRIMARY KEY (blob, n)
);
-- Compressing them would cost more than it saves.
ALTER TABLE pieces ALTER COLUMN bytes SET STORAGE EXTERNAL;
