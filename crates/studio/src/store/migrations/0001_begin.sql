-- The first version: no older program opens it.

-- Small things by name, as JSON.
CREATE TABLE kept (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;

-- Photos that wait to be enhanced on this machine, in order.
CREATE TABLE queue (place INTEGER PRIMARY KEY AUTOINCREMENT, path TEXT NOT NULL UNIQUE, recipe TEXT, export TEXT NOT NULL);

-- Pro jobs, each as JSON. The id is the key under which asking the service twice is asking once.
CREATE TABLE pro_jobs (id TEXT PRIMARY KEY, made_at INTEGER NOT NULL, record TEXT NOT NULL);

-- Everything that left this computer, written before it leaves.
CREATE TABLE sent (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    at INTEGER NOT NULL,
    day TEXT NOT NULL,
    what TEXT NOT NULL,
    name TEXT NOT NULL,
    why TEXT NOT NULL,
    recipient TEXT NOT NULL,
    bytes INTEGER NOT NULL,
    times INTEGER NOT NULL,
    stripped TEXT NOT NULL,
    copy TEXT NOT NULL,
    deleted_at INTEGER,
    photo_id TEXT,
    cause TEXT UNIQUE
);
CREATE INDEX sent_photo ON sent (photo_id);

-- Critiques and comparisons, by the service's id of the job, each as JSON.
CREATE TABLE critiques (id TEXT PRIMARY KEY, owner TEXT NOT NULL, at INTEGER NOT NULL, record TEXT NOT NULL);
