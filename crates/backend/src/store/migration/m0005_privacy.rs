//! Privacy: ways to Google, exports, deletions and what stays of them, the policy, counters of use. And the end of the ledger's memory:
//! the books of an account that is gone may be removed once their years are over, and only then.

use super::Migration;

/// Adds tables and lets one more thing be deleted: older programs still run.
pub(super) const STEP: Migration =
    Migration { version: 5, name: "privacy", oldest_program: 1, both: BOTH, sqlite: SQLITE, postgres: POSTGRES };

const BOTH: &str = "
-- Ways to Google and back that are under way; ten minutes each. subject and email are there only while a password is awaited.
CREATE TABLE google_flows (
    state_hash BYTEA NOT NULL PRIMARY KEY,
    browser_hash BYTEA NOT NULL,
    purpose TEXT NOT NULL CHECK (purpose IN ('sign_in', 'sign_up', 'link', 'password')),
    user_id UUID REFERENCES users (id),
    subject TEXT,
    email TEXT,
    return_to TEXT,
    expires_at BIGINT NOT NULL,
    CHECK ((user_id IS NOT NULL) = (purpose IN ('link', 'password')))
);
CREATE INDEX google_flows_by_expiry ON google_flows (expires_at);
CREATE INDEX google_flows_by_user ON google_flows (user_id);

-- Archives of what an account holds; fetched once, by the person who is signed in.
CREATE TABLE exports (
    id UUID NOT NULL PRIMARY KEY,
    user_id UUID NOT NULL REFERENCES users (id),
    state TEXT NOT NULL CHECK (state IN ('making', 'ready', 'gone', 'failed')),
    attempts BIGINT NOT NULL,
    lease_until BIGINT,
    bytes BIGINT,
    created_at BIGINT NOT NULL,
    made_at BIGINT,
    expires_at BIGINT
);
CREATE INDEX exports_by_user ON exports (user_id, id);
CREATE INDEX exports_by_state ON exports (state);
CREATE TABLE export_parts (
    export_id UUID NOT NULL REFERENCES exports (id) ON DELETE CASCADE,
    part BIGINT NOT NULL,
    content BYTEA NOT NULL,
    PRIMARY KEY (export_id, part)
);

-- Accounts that wait to be deleted. Access ended with the row; final_at is when it cannot be undone any more.
CREATE TABLE deletions (
    user_id UUID NOT NULL PRIMARY KEY REFERENCES users (id),
    asked_at BIGINT NOT NULL,
    final_at BIGINT NOT NULL,
    due_at BIGINT NOT NULL,
    subscription TEXT NOT NULL CHECK (subscription IN ('now', 'period_end')),
    undo_hash BYTEA NOT NULL UNIQUE
);
CREATE INDEX deletions_by_due ON deletions (due_at);

-- What stays of a deleted account: hashes by which it is found again if a backup brings it back.
CREATE TABLE tombstones (
    user_hash BYTEA NOT NULL PRIMARY KEY,
    purged_at BIGINT NOT NULL
);

-- Books without a person: kept for the years the law wants, then removed. Only while `purging` may their postings be deleted.
CREATE TABLE closed_books (
    owner_ref UUID NOT NULL PRIMARY KEY,
    closed_at BIGINT NOT NULL,
    purge_at BIGINT NOT NULL,
    purging BOOLEAN NOT NULL
);
CREATE INDEX closed_books_by_time ON closed_books (purge_at);

-- Versions of the privacy policy. told_to is how far the letters about it have come; told when all are queued.
CREATE TABLE policies (
    version TEXT NOT NULL PRIMARY KEY,
    content TEXT NOT NULL,
    changes TEXT NOT NULL,
    material BOOLEAN NOT NULL,
    effective_at BIGINT NOT NULL,
    published_at BIGINT NOT NULL,
    told_to UUID,
    told BOOLEAN NOT NULL
);
CREATE TABLE policy_acceptances (
    user_id UUID NOT NULL REFERENCES users (id),
    version TEXT NOT NULL REFERENCES policies (version),
    accepted_at BIGINT NOT NULL,
    PRIMARY KEY (user_id, version)
);

-- How often something was used on a day, by whoever it was: no column says.
CREATE TABLE usage_counts (
    day BIGINT NOT NULL,
    name TEXT NOT NULL,
    count BIGINT NOT NULL,
    PRIMARY KEY (day, name)
);
";

const SQLITE: &str = "
DROP TRIGGER ledger_postings_no_delete;
CREATE TRIGGER ledger_postings_no_delete BEFORE DELETE ON ledger_postings
WHEN NOT EXISTS (SELECT 1 FROM closed_books b JOIN ledger_txns t ON t.owner_ref = b.owner_ref WHERE t.id = OLD.txn_id AND b.purging)
BEGIN SELECT RAISE(ABORT, 'ledger: postings are never deleted'); END;
DROP TRIGGER ledger_txns_no_delete;
CREATE TRIGGER ledger_txns_no_delete BEFORE DELETE ON ledger_txns
WHEN NOT EXISTS (SELECT 1 FROM closed_books b WHERE b.owner_ref = OLD.owner_ref AND b.purging)
BEGIN SELECT RAISE(ABORT, 'ledger: transactions are never deleted'); END;
";

const POSTGRES: &str = "
CREATE FUNCTION ledger_refuse_delete() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE owner UUID;
BEGIN
    IF TG_TABLE_NAME = 'ledger_txns' THEN
        owner := OLD.owner_ref;
    ELSE
        SELECT t.owner_ref INTO owner FROM ledger_txns t WHERE t.id = OLD.txn_id;
    END IF;
    IF NOT EXISTS (SELECT 1 FROM closed_books b WHERE b.owner_ref = owner AND b.purging) THEN
        RAISE EXCEPTION '%', TG_ARGV[0];
    END IF;
    RETURN OLD;
END $$;
DROP TRIGGER ledger_postings_no_delete ON ledger_postings;
CREATE TRIGGER ledger_postings_no_delete BEFORE DELETE ON ledger_postings
    FOR EACH ROW EXECUTE FUNCTION ledger_refuse_delete('ledger: postings are never deleted');
DROP TRIGGER ledger_txns_no_delete ON ledger_txns;
CREATE TRIGGER ledger_txns_no_delete BEFORE DELETE ON ledger_txns
    FOR EACH ROW EXECUTE FUNCTION ledger_refuse_delete('ledger: transactions are never deleted');
";
