//! What changed for whom; photos, their way up and what came of them; objects in the object store that are to go.

use super::Migration;

/// Adds tables and columns only: older programs still run.
pub(super) const STEP: Migration =
    Migration { version: 6, name: "photos", oldest_program: 1, both: BOTH, sqlite: "", postgres: "" };

const BOTH: &str = "
CREATE TABLE change_heads (
    user_id UUID NOT NULL PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
    last_seq BIGINT NOT NULL
);
CREATE TABLE changes (
    user_id UUID NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    seq BIGINT NOT NULL,
    kind TEXT NOT NULL,
    object_id UUID,
    at BIGINT NOT NULL,
    PRIMARY KEY (user_id, seq)
);
CREATE INDEX changes_by_time ON changes (at);
CREATE TABLE doomed_objects (
    object_key TEXT NOT NULL PRIMARY KEY,
    due_at BIGINT NOT NULL
);
CREATE INDEX doomed_objects_by_time ON doomed_objects (due_at);
CREATE TABLE photos (
    id UUID NOT NULL PRIMARY KEY,
    user_id UUID NOT NULL REFERENCES users (id),
    object_key TEXT NOT NULL,
    width BIGINT NOT NULL,
    height BIGINT NOT NULL,
    bytes BIGINT NOT NULL,
    sha256 TEXT NOT NULL,
    media_type TEXT NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE INDEX photos_by_user ON photos (user_id, id);
CREATE TABLE uploads (
    id UUID NOT NULL PRIMARY KEY,
    user_id UUID NOT NULL REFERENCES users (id),
    idem_key TEXT NOT NULL,
    bytes BIGINT NOT NULL CHECK (bytes > 0),
    sha256 TEXT NOT NULL,
    media_type TEXT NOT NULL,
    received BIGINT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('open', 'stored', 'refused')),
    photo_id UUID,
    fault TEXT,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    UNIQUE (user_id, idem_key),
    CHECK (received BETWEEN 0 AND bytes)
);
CREATE INDEX uploads_by_time ON uploads (expires_at);
CREATE TABLE upload_parts (
    upload_id UUID NOT NULL REFERENCES uploads (id) ON DELETE CASCADE,
    start_at BIGINT NOT NULL,
    bytes BIGINT NOT NULL,
    object_key TEXT NOT NULL,
    PRIMARY KEY (upload_id, start_at)
);
CREATE TABLE job_results (
    job_id UUID NOT NULL PRIMARY KEY REFERENCES jobs (id),
    user_id UUID NOT NULL REFERENCES users (id),
    object_key TEXT NOT NULL,
    width BIGINT NOT NULL,
    height BIGINT NOT NULL,
    bytes BIGINT NOT NULL,
    sha256 TEXT NOT NULL,
    media_type TEXT NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE INDEX job_results_by_user ON job_results (user_id, job_id);
CREATE TABLE provider_states (
    name TEXT NOT NULL PRIMARY KEY,
    failures BIGINT NOT NULL,
    closed_until BIGINT NOT NULL,
    reason TEXT
);
ALTER TABLE jobs ADD COLUMN deleted_at BIGINT;
ALTER TABLE jobs ADD COLUMN told_at BIGINT;
ALTER TABLE jobs ADD COLUMN told_prediction TEXT;
";
