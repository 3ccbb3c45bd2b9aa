//! Whose every table is: what of it a person gets, and what becomes of it when the account is deleted.
//!
//! A new table belongs here, or to [`NOBODYS`] with a reason. The order is that of deletion: what refers comes before what it refers to.

use crate::store::sql;
use sea_orm::{ConnectionTrait, DbErr, QueryResult};
use serde_json::{Map, Value, json};
use uuid::Uuid;

/// How a column is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// An id.
    Id,
    /// Words.
    Text,
    /// JSON that is kept as text; shown as what it is.
    Json,
    /// A number.
    Number,
    /// A moment.
    Time,
    /// Yes or no.
    Flag,
}

/// How a person's rows are found.
#[derive(Clone, Copy, Debug)]
pub enum Whose {
    /// `$1` is the person's id.
    User(&'static str),
    /// `$1` is the random reference of their books.
    Owner(&'static str),
}

/// What of a row a person gets.
#[derive(Clone, Copy, Debug)]
pub enum Shown {
    /// These columns, in this file of the archive.
    In(&'static str, &'static [(&'static str, Kind)]),
    /// In another form, or not, because.
    Not(&'static str),
}

/// What becomes of the rows when the account is deleted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// They go.
    Delete,
    /// This column is emptied, and the row is kept with the books.
    Unlink(&'static str),
    /// Kept with the books: there is no link to the person in them.
    Books,
}

/// A table that holds something of people.
#[derive(Clone, Copy, Debug)]
pub struct Held {
    /// Its name.
    pub table: &'static str,
    /// For the certificate: what one row is.
    pub thing: &'static str,
    /// Whose rows.
    pub whose: Whose,
    /// What of them is exported.
    pub shown: Shown,
    /// What becomes of them.
    pub end: End,
}

const SECRET: Shown = Shown::Not("a hash of a secret that only the person's device or letter has");
const LEDGER: Shown = Shown::Not("in ledger.csv");
const OF_DEVICE: Whose = Whose::User("device_id IN (SELECT id FROM devices WHERE user_id = $1)");
const OF_USER: Whose = Whose::User("user_id = $1");
const OF_OWNER: Whose = Whose::Owner("owner_ref = $1");

const PICTURE: &[(&str, Kind)] = &[
    ("id", Kind::Id),
    ("width", Kind::Number),
    ("height", Kind::Number),
    ("bytes", Kind::Number),
    ("media_type", Kind::Text),
    ("created_at", Kind::Time),
];

/// Every table with something of people.
pub const HELD: &[Held] = &[
    Held { table: "tokens", thing: "token", whose: OF_DEVICE, shown: SECRET, end: End::Delete },
    Held { table: "oauth_codes", thing: "sign-in code", whose: OF_USER, shown: SECRET, end: End::Delete },
    Held { table: "google_flows", thing: "begun Google sign-in", whose: OF_USER, shown: SECRET, end: End::Delete },
    Held {
        table: "mail_links",
        thing: "link in a letter",
        whose: Whose::User("user_id = $1 OR LOWER(email) = (SELECT email_key FROM users WHERE id = $1)"),
        shown: SECRET,
        end: End::Delete,
    },
    Held {
        table: "devices",
        thing: "sign-in",
        whose: OF_USER,
        shown: Shown::In(
            "sign-ins.json",
            &[
                ("id", Kind::Id),
                ("kind", Kind::Text),
                ("name", Kind::Text),
                ("created_at", Kind::Time),
                ("seen_at", Kind::Time),
                ("ended_at", Kind::Time),
                ("end_reason", Kind::Text),
            ],
        ),
        end: End::Delete,
    },
    Held {
        table: "identities",
        thing: "connection to Google",
        whose: OF_USER,
        shown: Shown::In(
            "account.json",
            &[("issuer", Kind::Text), ("subject", Kind::Text), ("email", Kind::Text), ("created_at", Kind::Time)],
        ),
        end: End::Delete,
    },
    Held {
        table: "letters",
        thing: "letter",
        whose: Whose::User("user_id = $1 OR LOWER(recipient) = (SELECT email_key FROM users WHERE id = $1)"),
        shown: Shown::In(
            "letters.json",
            &[
                ("kind", Kind::Text),
                ("recipient", Kind::Text),
                ("state", Kind::Text),
                ("created_at", Kind::Time),
                ("ended_at", Kind::Time),
                ("returned_at", Kind::Time),
            ],
        ),
        end: End::Delete,
    },
    Held {
        table: "policy_acceptances",
        thing: "acceptance of the policy",
        whose: OF_USER,
        shown: Shown::In("account.json", &[("version", Kind::Text), ("accepted_at", Kind::Time)]),
        end: End::Delete,
    },
    Held {
        table: "export_parts",
        thing: "piece of an archive",
        whose: Whose::User("export_id IN (SELECT id FROM exports WHERE user_id = $1)"),
        shown: Shown::Not("a piece of this very archive"),
        end: End::Delete,
    },
    Held {
        table: "exports",
        thing: "export",
        whose: OF_USER,
        shown: Shown::In(
            "account.json",
            &[("state", Kind::Text), ("bytes", Kind::Number), ("created_at", Kind::Time), ("made_at", Kind::Time)],
        ),
        end: End::Delete,
    },
    Held {
        table: "changes",
        thing: "note that something changed",
        whose: OF_USER,
        shown: Shown::Not("says only that something changed, for the app; what changed is here itself"),
        end: End::Delete,
    },
    Held {
        table: "change_heads",
        thing: "number of the last change",
        whose: OF_USER,
        shown: Shown::Not("a number that the app goes on from"),
        end: End::Delete,
    },
    Held {
        table: "upload_parts",
        thing: "part of a file on its way up",
        whose: Whose::User("upload_id IN (SELECT id FROM uploads WHERE user_id = $1)"),
        shown: Shown::Not("a part of a file that is not whole yet; the photo is here once it is"),
        end: End::Delete,
    },
    Held {
        table: "uploads",
        thing: "file on its way up",
        whose: OF_USER,
        shown: Shown::In(
            "photos.json",
            &[
                ("id", Kind::Id),
                ("bytes", Kind::Number),
                ("media_type", Kind::Text),
                ("received", Kind::Number),
                ("state", Kind::Text),
                ("photo_id", Kind::Id),
                ("fault", Kind::Text),
                ("created_at", Kind::Time),
            ],
        ),
        end: End::Delete,
    },
    Held {
        table: "photos",
        thing: "photo",
        whose: OF_USER,
        shown: Shown::In("photos.json", PICTURE),
        end: End::Delete,
    },
    Held {
        table: "job_results",
        thing: "picture that came of a job",
        whose: OF_USER,
        shown: Shown::In(
            "photos.json",
            &[
                ("job_id", Kind::Id),
                ("width", Kind::Number),
                ("height", Kind::Number),
                ("bytes", Kind::Number),
                ("media_type", Kind::Text),
                ("created_at", Kind::Time),
            ],
        ),
        end: End::Delete,
    },
    Held {
        table: "jobs",
        thing: "job with its result",
        whose: OF_USER,
        shown: Shown::In(
            "jobs.json",
            &[
                ("id", Kind::Id),
                ("kind", Kind::Text),
                ("state", Kind::Text),
                ("price", Kind::Number),
                ("provider", Kind::Text),
                ("request", Kind::Json),
                ("result", Kind::Json),
                ("fault", Kind::Text),
                ("created_at", Kind::Time),
                ("ended_at", Kind::Time),
            ],
        ),
        end: End::Delete,
    },
    Held {
        table: "orders",
        thing: "order",
        whose: OF_OWNER,
        shown: Shown::In(
            "orders.json",
            &[
                ("id", Kind::Id),
                ("product", Kind::Text),
                ("product_name", Kind::Text),
                ("currency", Kind::Text),
                ("amount", Kind::Number),
                ("credits", Kind::Number),
                ("state", Kind::Text),
                ("stripe_session", Kind::Text),
                ("stripe_subscription", Kind::Text),
                ("created_at", Kind::Time),
                ("paid_at", Kind::Time),
                ("withdrawn_at", Kind::Time),
            ],
        ),
        end: End::Unlink("user_id"),
    },
    Held {
        table: "payments",
        thing: "payment",
        whose: OF_OWNER,
        shown: Shown::In(
            "orders.json",
            &[
                ("payment_ref", Kind::Text),
                ("currency", Kind::Text),
                ("amount", Kind::Number),
                ("credits", Kind::Number),
                ("refunded", Kind::Number),
                ("disputed", Kind::Flag),
                ("paid_at", Kind::Time),
            ],
        ),
        end: End::Books,
    },
    Held {
        table: "refund_requests",
        thing: "refund",
        whose: OF_OWNER,
        shown: Shown::In(
            "orders.json",
            &[
                ("payment_ref", Kind::Text),
                ("amount", Kind::Number),
                ("currency", Kind::Text),
                ("reason", Kind::Text),
                ("state", Kind::Text),
                ("created_at", Kind::Time),
            ],
        ),
        end: End::Books,
    },
    Held {
        table: "subscriptions",
        thing: "plan",
        whose: OF_OWNER,
        shown: Shown::In(
            "orders.json",
            &[
                ("stripe_id", Kind::Text),
                ("product", Kind::Text),
                ("status", Kind::Text),
                ("cancel_at_period_end", Kind::Flag),
                ("period_start", Kind::Time),
                ("period_end", Kind::Time),
            ],
        ),
        end: End::Books,
    },
    Held {
        table: "billing_customers",
        thing: "customer at Stripe",
        whose: OF_OWNER,
        shown: Shown::In("orders.json", &[("stripe_id", Kind::Text), ("created_at", Kind::Time)]),
        end: End::Books,
    },
    Held {
        table: "ledger_postings",
        thing: "posting",
        whose: Whose::Owner("txn_id IN (SELECT id FROM ledger_txns WHERE owner_ref = $1)"),
        shown: LEDGER,
        end: End::Books,
    },
    Held { table: "ledger_txns", thing: "movement", whose: OF_OWNER, shown: LEDGER, end: End::Books },
    Held { table: "ledger_holds", thing: "hold", whose: OF_OWNER, shown: LEDGER, end: End::Books },
    Held { table: "ledger_claims", thing: "claim", whose: OF_OWNER, shown: LEDGER, end: End::Books },
    Held { table: "ledger_lots", thing: "lot of credits", whose: OF_OWNER, shown: LEDGER, end: End::Books },
    Held { table: "ledger_accounts", thing: "account of the ledger", whose: OF_OWNER, shown: LEDGER, end: End::Books },
    Held { table: "ledger_owners", thing: "balance", whose: OF_OWNER, shown: LEDGER, end: End::Books },
    Held {
        table: "closed_books",
        thing: "mark on closed books",
        whose: OF_OWNER,
        shown: Shown::Not("there is none while the account is there"),
        end: End::Books,
    },
    Held {
        table: "deletions",
        thing: "request to delete",
        whose: OF_USER,
        shown: Shown::In("account.json", &[("asked_at", Kind::Time), ("final_at", Kind::Time)]),
        end: End::Delete,
    },
    Held {
        table: "users",
        thing: "account",
        whose: Whose::User("id = $1"),
        shown: Shown::In(
            "account.json",
            &[
                ("id", Kind::Id),
                ("name", Kind::Text),
                ("email", Kind::Text),
                ("created_at", Kind::Time),
                ("password_changed_at", Kind::Time),
            ],
        ),
        end: End::Delete,
    },
];

/// Tables in which nothing can be found by a person, and why.
pub const NOBODYS: &[(&str, &str)] = &[
    ("attempts", "hashes that are gone after two hours"),
    ("billing_marks", "how far a task has come"),
    ("doomed_objects", "keys of objects that are about to go; a person's go with the account"),
    ("ledger_comparisons", "when the ledger was compared, and how many numbers differed"),
    ("policies", "the policy's own text"),
    ("provider_states", "how the outside services are"),
    ("schema_steps", "the history of the tables"),
    ("returned_addresses", "hashes of addresses from which letters came back; a person's goes with the account"),
    ("service_mode", "whether the database is a sandbox's"),
    ("stripe_events", "ids of events at Stripe, removed by their own sweep"),
    ("tombstones", "hashes by which what was deleted is found again in a restored backup"),
    ("usage_counts", "sums of a day"),
];

/// Who is meant.
#[derive(Clone, Copy, Debug)]
pub struct Subject {
    /// The person's id.
    pub user: Uuid,
    /// The reference of their books.
    pub owner: Uuid,
}

impl Held {
    /// The condition and its `$1`.
    fn found_by(&self, subject: Subject) -> (&'static str, sea_orm::Value) {
        match self.whose {
            Whose::User(condition) => (condition, subject.user.into()),
            Whose::Owner(condition) => (condition, subject.owner.into()),
        }
    }

    /// A person's rows, as they are shown; none when they are not.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn rows(&self, connection: &impl ConnectionTrait, subject: Subject) -> Result<Vec<Value>, DbErr> {
        let Shown::In(_, columns) = self.shown else { return Ok(Vec::new()) };
        let names: Vec<&str> = columns.iter().map(|(name, _)| *name).collect();
        let (condition, key) = self.found_by(subject);
        let select = format!("SELECT {} FROM {} WHERE {condition}", names.join(", "), self.table);
        let rows = connection.query_all_raw(sql(connection, select, [key])).await?;
        rows.iter().map(|row| shown(row, columns)).collect()
    }

    /// Deletes or unlinks a person's rows; says how many.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn end_rows(&self, connection: &impl ConnectionTrait, subject: Subject) -> Result<u64, DbErr> {
        let (condition, key) = self.found_by(subject);
        let statement = match self.end {
            End::Delete => format!("DELETE FROM {} WHERE {condition}", self.table),
            End::Unlink(column) => format!("UPDATE {} SET {column} = NULL WHERE {condition}", self.table),
            End::Books => return Ok(0),
        };
        Ok(connection.execute_raw(sql(connection, statement, [key])).await?.rows_affected())
    }

    /// Deletes the rows that were kept with the books.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn end_books(&self, connection: &impl ConnectionTrait, owner: Uuid) -> Result<u64, DbErr> {
        let (Whose::Owner(condition), End::Books | End::Unlink(_)) = (self.whose, self.end) else { return Ok(0) };
        let statement = format!("DELETE FROM {} WHERE {condition}", self.table);
        Ok(connection.execute_raw(sql(connection, statement, [owner.into()])).await?.rows_affected())
    }
}

fn shown(row: &QueryResult, columns: &[(&str, Kind)]) -> Result<Value, DbErr> {
    let mut object = Map::new();
    for (name, kind) in columns {
        let value = match kind {
            Kind::Id => json!(row.try_get::<Option<Uuid>>("", name)?),
            Kind::Text => json!(row.try_get::<Option<String>>("", name)?),
            Kind::Json => read(row.try_get::<Option<String>>("", name)?),
            Kind::Number => json!(row.try_get::<Option<i64>>("", name)?),
            Kind::Time => json!(row.try_get::<Option<i64>>("", name)?.map(super::export::time)),
            Kind::Flag => json!(row.try_get::<Option<bool>>("", name)?),
        };
        object.insert((*name).to_owned(), value);
    }
    Ok(Value::Object(object))
}

/// What a text says; the text itself where it is no JSON, so that nothing is kept back.
fn read(text: Option<String>) -> Value {
    let Some(text) = text else { return Value::Null };
    serde_json::from_str(&text).unwrap_or(Value::String(text))
}
