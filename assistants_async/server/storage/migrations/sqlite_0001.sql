-- One row. Versions of documents go on from `opens`, so that none is given twice.
CREATE TABLE meta (schema_version INTEGER NOT NULL, opens INTEGER NOT NULL);
INSERT INTO meta VALUES (1, 0);

-- A document, or the place of a removed one, where `doc` is null.
CREATE TABLE objects (
  seq INTEGER PRIMARY KEY,
  kind TEXT NOT NULL,
  parent TEXT NOT NULL,
  id TEXT NOT NULL,
  version INTEGER NOT NULL,
  state TEXT NOT NULL,
  ref TEXT NOT NULL,
  due REAL,
  amount INTEGER NOT NULL,
  removed REAL,
  doc TEXT
);
CREATE UNIQUE INDEX objects_by_id ON objects (kind, parent, id);
CREATE INDEX objects_in_order ON objects (kind, parent, seq) WHERE doc IS NOT NULL;
CREATE INDEX objects_by_ref ON objects (kind, parent, ref, seq) WHERE doc IS NOT NULL AND ref <> '';
CREATE INDEX objects_by_state ON objects (kind, parent, state, amount) WHERE doc IS NOT NULL AND state <> '';
CREATE INDEX objects_by_version ON objects (parent, version) WHERE kind = 'store_file';
CREATE INDEX objects_holding ON objects (id, parent) WHERE kind = 'store_file' AND doc IS NOT NULL;
CREATE INDEX objects_due ON objects (kind, due) WHERE due IS NOT NULL;
CREATE INDEX objects_removed ON objects (removed) WHERE removed IS NOT NULL;

-- The active runs alone: a thread has at most one.
CREATE TABLE runs (
  id TEXT PRIMARY KEY,
  thread TEXT NOT NULL UNIQUE,
  status TEXT NOT NULL,
  owner TEXT NOT NULL,
  lease REAL NOT NULL,
  epoch INTEGER NOT NULL,
  losses INTEGER NOT NULL,
  commits INTEGER NOT NULL,
  turn INTEGER NOT NULL
) WITHOUT ROWID;

CREATE TABLE events (
  run TEXT NOT NULL,
  seq INTEGER NOT NULL,
  name TEXT NOT NULL,
  kind TEXT NOT NULL,
  doc TEXT NOT NULL,
  PRIMARY KEY (run, seq)
) WITHOUT ROWID;

-- Runs whose events go a while after their end.
CREATE TABLE ended (run TEXT PRIMARY KEY, at REAL NOT NULL) WITHOUT ROWID;

CREATE TABLE blobs (id TEXT PRIMARY KEY, size INTEGER NOT NULL) WITHOUT ROWID;
