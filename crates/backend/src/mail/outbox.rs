//! The outbox: letters wait as rows, are leased by one worker, sent, and noted. What they held is emptied when they are done with.

use super::letter::Letter;
use super::mailer::{MailFault, Mailer, Outgoing};
use super::returned;
use crate::accounts::AccountError;
use crate::app::App;
use crate::billing::alarm::Alarm;
use crate::store::entity::letter::{self, LetterState};
use crate::store::{StoreError, WriteTransaction, sql};
use crate::world::Moment;
use sea_orm::{ActiveValue::Set, ConnectionTrait, EntityTrait, FromQueryResult};
use std::time::Duration;
use uuid::Uuid;

/// How long a worker may take for a letter before another one may have it.
const LEASE: Duration = Duration::from_secs(120);

/// Queues a letter in the transaction that causes it.
///
/// # Errors
/// When the database fails.
pub async fn queue(
    app: &App,
    tx: &WriteTransaction,
    user: Option<Uuid>,
    to: &str,
    letter: Letter,
) -> Result<(), AccountError> {
    let row = letter::ActiveModel { user_id: Set(user), recipient: Set(to.to_owned()), ..row_of(app, &letter)? };
    letter::Entity::insert(row).exec_without_returning(&**tx).await?;
    Ok(())
}

/// Writes a letter to nobody, so that it takes as long as one to somebody. It is never sent, holds nothing, and goes with the next sweep.
///
/// # Errors
/// When the database fails.
pub async fn queue_blind(app: &App, tx: &WriteTransaction, letter: &Letter) -> Result<(), AccountError> {
    let row = letter::ActiveModel {
        content: Set(String::new()),
        state: Set(LetterState::Stale),
        ended_at: Set(Some(Moment(0))),
        ..row_of(app, letter)?
    };
    letter::Entity::insert(row).exec_without_returning(&**tx).await?;
    Ok(())
}

/// A letter that waits, to nobody yet.
fn row_of(app: &App, letter: &Letter) -> Result<letter::ActiveModel, AccountError> {
    let (id, now) = (app.world.new_id()?, app.world.now());
    let content = serde_json::to_string(letter).map_err(|error| sea_orm::DbErr::Custom(error.to_string()))?;
    Ok(letter::ActiveModel {
        id: Set(id),
        dedupe_key: Set(format!("{}:{id}", letter.kind())),
        user_id: Set(None),
        kind: Set(letter.kind().to_owned()),
        recipient: Set(String::new()),
        content: Set(content),
        state: Set(LetterState::Waiting),
        attempts: Set(0),
        due_at: Set(now),
        lease_until: Set(None),
        stale_at: Set(now.plus(letter.life())),
        created_at: Set(now),
        ended_at: Set(None),
        returned_at: Set(None),
        fault: Set(None),
    })
}

/// How long to wait when the mail server takes nothing from us: hours rather than minutes.
const HELD: Duration = Duration::from_secs(900);

/// What became of a look at the outbox.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Delivered {
    /// Taken by the mail server.
    pub sent: usize,
    /// To be tried again, given up, or too old.
    pub other: usize,
}

/// Sends what is due, one letter at a time, until nothing is.
///
/// # Errors
/// When the database fails; a mail server that fails is noted in the row.
pub async fn deliver_due(app: &App, mailer: &dyn Mailer) -> Result<Delivered, StoreError> {
    let mut delivered = Delivered::default();
    while let Some(row) = lease(app).await? {
        let now = app.world.now();
        let end = if row.stale_at <= now {
            End::Final(LetterState::Stale, None)
        } else {
            match send(app, mailer, &row).await {
                Ok(()) => End::Final(LetterState::Sent, None),
                Err(MailFault::Never(fault)) => End::Final(LetterState::Failed, Some(fault)),
                Err(MailFault::Later(fault)) => End::Again(now.plus(backoff(row.attempts)), fault),
                Err(MailFault::Held(fault)) => {
                    app.alarms.raise(Alarm::MailHeld, &format!("letter {}", row.id), &fault);
                    End::Again(now.plus(backoff(row.attempts).max(HELD)), fault)
                }
            }
        };
        if matches!(end, End::Final(LetterState::Sent, _)) {
            delivered.sent += 1;
        } else {
            delivered.other += 1;
        }
        note(app, &row, end).await?;
    }
    Ok(delivered)
}

enum End {
    Final(LetterState, Option<String>),
    Again(Moment, String),
}

async fn send(app: &App, mailer: &dyn Mailer, row: &letter::Model) -> Result<(), MailFault> {
    let broken = |error: &dyn std::fmt::Display| MailFault::Never(format!("the letter cannot be written: {error}"));
    match returned::is_known(app.store.reader(), &row.recipient).await {
        Ok(false) => {}
        Ok(true) => return Err(MailFault::Never("letters to this address come back".to_owned())),
        Err(error) => return Err(MailFault::Later(error.to_string())),
    }
    let letter: Letter = serde_json::from_str(&row.content).map_err(|error| broken(&error))?;
    let rendered = letter.render(app).map_err(|error| broken(&error))?;
    mailer.send(Outgoing { id: row.id, to: &row.recipient, letter: &rendered }).await
}

/// One minute, two, four, … an hour at most.
fn backoff(attempts: i64) -> Duration {
    let doublings = u32::try_from(attempts.clamp(0, 6)).unwrap_or(0);
    Duration::from_secs((60 * 2_u64.pow(doublings)).min(3600))
}

async fn lease(app: &App) -> Result<Option<letter::Model>, StoreError> {
    let tx = app.store.write_transaction().await?;
    let now = app.world.now();
    let select = format!(
        "SELECT * FROM letters WHERE (state = 'waiting' AND due_at <= $1) OR (state = 'sending' AND lease_until <= $1)
        ORDER BY due_at, id LIMIT 1{}",
        tx.claim_clause()
    );
    let Some(row) = letter::Model::find_by_statement(sql(&*tx, select, [now.into()])).one(&*tx).await? else {
        return Ok(None);
    };
    let update = "UPDATE letters SET state = 'sending', lease_until = $2, attempts = attempts + 1 WHERE id = $1";
    tx.execute_raw(sql(&*tx, update, [row.id.into(), now.plus(LEASE).into()])).await?;
    tx.commit().await?;
    Ok(Some(row))
}

async fn note(app: &App, row: &letter::Model, end: End) -> Result<(), StoreError> {
    let tx = app.store.write_transaction().await?;
    let now = app.world.now();
    match end {
        End::Final(state, fault) => {
            let word = match state {
                LetterState::Sent => "sent",
                LetterState::Stale => "stale",
                _ => "failed",
            };
            tracing::info!(letter = %row.id, kind = row.kind, state = word, fault = fault.as_deref().map(crate::log::scrub), "letter");
            let update = "UPDATE letters SET state = $2, ended_at = $3, fault = $4, lease_until = NULL, content = '',
                recipient = CASE WHEN user_id IS NULL THEN '' ELSE recipient END WHERE id = $1";
            tx.execute_raw(sql(&*tx, update, [row.id.into(), word.into(), now.into(), fault.into()])).await?;
        }
        End::Again(due, fault) => {
            tracing::warn!(letter = %row.id, kind = row.kind, fault = crate::log::scrub(&fault), "letter waits");
            let update =
                "UPDATE letters SET state = 'waiting', due_at = $2, fault = $3, lease_until = NULL WHERE id = $1";
            tx.execute_raw(sql(&*tx, update, [row.id.into(), due.into(), fault.into()])).await?;
        }
    }
    tx.commit().await
}

/// How long it is kept that a letter was sent (its words are gone at once).
const KEPT: Duration = Duration::from_secs(30 * 24 * 3600);

/// Removes letters that were done with long ago; says how many.
///
/// # Errors
/// When the database fails.
pub async fn sweep(app: &App, now: Moment) -> Result<u64, AccountError> {
    let old = now.minus(KEPT);
    forget_files(app, "ended_at < $1", old.into()).await?;
    let tx = app.store.write_transaction().await?;
    let gone =
        tx.execute_raw(sql(&*tx, "DELETE FROM letters WHERE ended_at < $1", [old.into()])).await?.rows_affected();
    tx.commit().await?;
    Ok(gone)
}

/// Removes what a person's letters left outside the database, before their rows go.
///
/// # Errors
/// When the database fails.
pub async fn forget_person(app: &App, user: Uuid) -> Result<(), AccountError> {
    let theirs = "user_id = $1 OR LOWER(recipient) = (SELECT email_key FROM users WHERE id = $1)";
    forget_files(app, theirs, user.into()).await
}

async fn forget_files(app: &App, condition: &str, value: sea_orm::Value) -> Result<(), AccountError> {
    #[derive(FromQueryResult)]
    struct Row {
        id: Uuid,
    }
    let reader = app.store.reader();
    let select = format!("SELECT id FROM letters WHERE {condition}");
    let rows = Row::find_by_statement(sql(reader, select, [value])).all(reader).await?;
    super::mailer::forget(&app.settings, &rows.iter().map(|row| row.id).collect::<Vec<_>>()).await;
    Ok(())
}
