//! Jobs: the durable queue, which is also what the person sees.

use super::Migration;

/// Adds a table only: older programs still run.
pub(super) const STEP: Migration =
    Migration { version: 3, name: "jobs", oldest_program: 1, both: BOTH, sqlite: "", postgres: "" };

const BOTH: &str = "
CREATE TABLE jobs (
    id UUID NOT NULL PRIMARY KEY,
    user_id UUID NOT NULL REFERENCES users (id),
    owner_ref UUID NOT NULL,
    kind TEXT NOT NULL,
    idem_key TEXT NOT NULL,
    request TEXT NOT NULL,
    price BIGINT NOT NULL CHECK (price >= 0),
    state TEXT NOT NULL CHECK (state IN ('queued', 'running', 'succeeded', 'failed', 'cancelled')),
    cancel_requested BOOLEAN NOT NULL,
    attempt BIGINT NOT NULL,
    most_attempts BIGINT NOT NULL,
    due_at BIGINT NOT NULL,
    deadline BIGINT NOT NULL,
    lease_owner UUID,
    lease_until BIGINT,
    checkpoint TEXT,
    result TEXT,
    fault TEXT,
    created_at BIGINT NOT NULL,
    ended_at BIGINT,
    UNIQUE (user_id, idem_key),
    CHECK ((state = 'running') = (lease_owner IS NOT NULL)),
    CHECK ((state IN ('succeeded', 'failed', 'cancelled')) = (ended_at IS NOT NULL))
);
CREATE INDEX jobs_by_due ON jobs (due_at) WHERE state = 'queued';
CREATE INDEX jobs_by_lease ON jobs (lease_until) WHERE state = 'running';
CREATE INDEX jobs_by_user ON jobs (user_id, id);
";
