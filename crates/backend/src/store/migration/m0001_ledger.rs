//! The ledger: accounts, transactions, postings, lots, holds and claims. Rules that must hold whatever the program does are in triggers.

use super::Migration;

/// The first step: no older program exists.
pub(super) const STEP: Migration =
    Migration { version: 1, name: "ledger", oldest_program: 1, both: BOTH, sqlite: SQLITE, postgres: POSTGRES };

const BOTH: &str = "
-- One row a person's ledger. owner_ref is random and is the only link to the person. The numbers are a cache of the postings.
CREATE TABLE ledger_owners (
    owner_ref UUID NOT NULL PRIMARY KEY,
    available BIGINT NOT NULL CHECK (available >= 0),
    held BIGINT NOT NULL CHECK (held >= 0),
    frozen BIGINT NOT NULL CHECK (frozen >= 0),
    debt BIGINT NOT NULL CHECK (debt >= 0),
    created_at BIGINT NOT NULL,
    CHECK (debt = 0 OR available = 0)
);

CREATE TABLE ledger_accounts (
    id TEXT NOT NULL PRIMARY KEY,
    owner_ref UUID REFERENCES ledger_owners (owner_ref),
    kind TEXT NOT NULL CHECK (kind IN ('available', 'held', 'frozen', 'debt', 'sold', 'granted', 'used', 'expired', 'clawed_back')),
    CHECK ((owner_ref IS NULL) = (kind IN ('sold', 'granted', 'used', 'expired', 'clawed_back')))
);
INSERT INTO ledger_accounts (id, owner_ref, kind) VALUES
    ('system:sold', NULL, 'sold'), ('system:granted', NULL, 'granted'), ('system:used', NULL, 'used'),
    ('system:expired', NULL, 'expired'), ('system:clawed_back', NULL, 'clawed_back');

-- Credits that came together and expire together. available, held and frozen are a cache of the postings.
CREATE TABLE ledger_lots (
    id UUID NOT NULL PRIMARY KEY,
    owner_ref UUID NOT NULL REFERENCES ledger_owners (owner_ref),
    source TEXT NOT NULL CHECK (source IN ('paid', 'monthly', 'promo')),
    order_ref TEXT UNIQUE,
    credits BIGINT NOT NULL CHECK (credits > 0),
    expires_at BIGINT,
    created_at BIGINT NOT NULL,
    available BIGINT NOT NULL CHECK (available >= 0),
    held BIGINT NOT NULL CHECK (held >= 0),
    frozen BIGINT NOT NULL CHECK (frozen >= 0)
);
CREATE INDEX ledger_lots_by_owner ON ledger_lots (owner_ref, expires_at);
CREATE INDEX ledger_lots_by_expiry ON ledger_lots (expires_at) WHERE available > 0;

CREATE TABLE ledger_txns (
    id UUID NOT NULL PRIMARY KEY,
    owner_ref UUID NOT NULL REFERENCES ledger_owners (owner_ref),
    kind TEXT NOT NULL CHECK (kind IN ('grant', 'hold', 'capture', 'release', 'expire', 'claim', 'close')),
    idem_key TEXT NOT NULL UNIQUE,
    cause_type TEXT NOT NULL,
    cause_id TEXT NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE INDEX ledger_txns_by_owner ON ledger_txns (owner_ref, created_at);

-- Written before their transaction, which closes them: see the triggers.
CREATE TABLE ledger_postings (
    txn_id UUID NOT NULL REFERENCES ledger_txns (id) DEFERRABLE INITIALLY DEFERRED,
    line BIGINT NOT NULL,
    account_id TEXT NOT NULL REFERENCES ledger_accounts (id),
    lot_id UUID NOT NULL REFERENCES ledger_lots (id),
    amount BIGINT NOT NULL CHECK (amount <> 0),
    PRIMARY KEY (txn_id, line)
);
CREATE INDEX ledger_postings_by_lot ON ledger_postings (lot_id, account_id);
CREATE INDEX ledger_postings_by_account ON ledger_postings (account_id);

CREATE TABLE ledger_holds (
    job_id UUID NOT NULL PRIMARY KEY,
    owner_ref UUID NOT NULL REFERENCES ledger_owners (owner_ref),
    amount BIGINT NOT NULL CHECK (amount > 0),
    state TEXT NOT NULL CHECK (state IN ('held', 'captured', 'released')),
    deadline BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    ended_at BIGINT
);
CREATE INDEX ledger_holds_by_deadline ON ledger_holds (deadline) WHERE state = 'held';

-- What a seller's refund or a bank's dispute wants back of an order. The state only ever moves on: open, taken, void.
CREATE TABLE ledger_claims (
    claim_key TEXT NOT NULL PRIMARY KEY,
    owner_ref UUID NOT NULL REFERENCES ledger_owners (owner_ref),
    order_ref TEXT NOT NULL,
    credits BIGINT NOT NULL CHECK (credits > 0),
    state TEXT NOT NULL CHECK (state IN ('open', 'taken', 'void')),
    created_at BIGINT NOT NULL,
    changed_at BIGINT NOT NULL
);
CREATE INDEX ledger_claims_by_order ON ledger_claims (order_ref);
";

const SQLITE: &str = "
CREATE TRIGGER ledger_txns_balance BEFORE INSERT ON ledger_txns
WHEN (SELECT COALESCE(SUM(amount), 1) FROM ledger_postings WHERE txn_id = NEW.id) <> 0
BEGIN SELECT RAISE(ABORT, 'ledger: the postings of a transaction must sum to zero'); END;

CREATE TRIGGER ledger_postings_closed BEFORE INSERT ON ledger_postings
WHEN EXISTS (SELECT 1 FROM ledger_txns WHERE id = NEW.txn_id)
BEGIN SELECT RAISE(ABORT, 'ledger: a closed transaction takes no more postings'); END;

CREATE TRIGGER ledger_postings_no_update BEFORE UPDATE ON ledger_postings
BEGIN SELECT RAISE(ABORT, 'ledger: postings are never changed'); END;
CREATE TRIGGER ledger_postings_no_delete BEFORE DELETE ON ledger_postings
BEGIN SELECT RAISE(ABORT, 'ledger: postings are never deleted'); END;
CREATE TRIGGER ledger_txns_no_update BEFORE UPDATE ON ledger_txns
BEGIN SELECT RAISE(ABORT, 'ledger: transactions are never changed'); END;
CREATE TRIGGER ledger_txns_no_delete BEFORE DELETE ON ledger_txns
BEGIN SELECT RAISE(ABORT, 'ledger: transactions are never deleted'); END;
CREATE TRIGGER ledger_holds_one_end BEFORE UPDATE ON ledger_holds
WHEN OLD.state <> 'held' OR NEW.amount <> OLD.amount OR NEW.owner_ref <> OLD.owner_ref
BEGIN SELECT RAISE(ABORT, 'ledger: a hold ends once'); END;
";

const POSTGRES: &str = "
CREATE FUNCTION ledger_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION '%', TG_ARGV[0]; END $$;

CREATE FUNCTION ledger_check_balance() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (SELECT COALESCE(SUM(amount), 1) FROM ledger_postings WHERE txn_id = NEW.id) <> 0 THEN
        RAISE EXCEPTION 'ledger: the postings of a transaction must sum to zero';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER ledger_txns_balance BEFORE INSERT ON ledger_txns FOR EACH ROW EXECUTE FUNCTION ledger_check_balance();

CREATE FUNCTION ledger_check_closed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT 1 FROM ledger_txns WHERE id = NEW.txn_id) THEN
        RAISE EXCEPTION 'ledger: a closed transaction takes no more postings';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER ledger_postings_closed BEFORE INSERT ON ledger_postings FOR EACH ROW EXECUTE FUNCTION ledger_check_closed();

CREATE TRIGGER ledger_postings_no_update BEFORE UPDATE ON ledger_postings
    FOR EACH ROW EXECUTE FUNCTION ledger_refuse('ledger: postings are never changed');
CREATE TRIGGER ledger_postings_no_delete BEFORE DELETE ON ledger_postings
    FOR EACH ROW EXECUTE FUNCTION ledger_refuse('ledger: postings are never deleted');
CREATE TRIGGER ledger_postings_no_truncate BEFORE TRUNCATE ON ledger_postings
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse('ledger: postings are never deleted');
CREATE TRIGGER ledger_txns_no_update BEFORE UPDATE ON ledger_txns
    FOR EACH ROW EXECUTE FUNCTION ledger_refuse('ledger: transactions are never changed');
CREATE TRIGGER ledger_txns_no_delete BEFORE DELETE ON ledger_txns
    FOR EACH ROW EXECUTE FUNCTION ledger_refuse('ledger: transactions are never deleted');
CREATE TRIGGER ledger_txns_no_truncate BEFORE TRUNCATE ON ledger_txns
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse('ledger: transactions are never deleted');
CREATE TRIGGER ledger_holds_one_end BEFORE UPDATE ON ledger_holds FOR EACH ROW
    WHEN (OLD.state <> 'held' OR NEW.amount <> OLD.amount OR NEW.owner_ref <> OLD.owner_ref)
    EXECUTE FUNCTION ledger_refuse('ledger: a hold ends once');
";
