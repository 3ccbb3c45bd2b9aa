//! Deleting an account: access ends at once, seven days to change one's mind, then everything goes but the books, which have no name in them.
//!
//! While a job runs or a payment is disputed the purge waits and is tried again every day; it is done within thirty days of the last of them.

use super::stones::{self, Thing};
use super::tables::{End, HELD, Subject};
use crate::accounts::AccountError;
use crate::accounts::devices;
use crate::app::App;
use crate::billing;
use crate::billing::subscriptions::{self, When};
use crate::changes::{self, ChangeKind};
use crate::jobs;
use crate::ledger::{Ledger, LedgerError};
use crate::mail::letter::Letter;
use crate::mail::{outbox, returned};
use crate::objects;
use crate::store::entity::user;
use crate::store::{WriteTransaction, count_of, sql};
use crate::world::{Moment, TokenKind, token_hash};
use pretty_contract::service::privacy::SubscriptionEnd;
use sea_orm::{ConnectionTrait, EntityTrait, FromQueryResult};
use std::time::Duration;
use uuid::Uuid;

const DAY: Duration = Duration::from_secs(86_400);
/// How long it can be undone.
const UNDO: Duration = Duration::from_secs(7 * 86_400);

/// A deletion that was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromQueryResult)]
pub struct Asked {
    /// When.
    pub asked_at: Moment,
    /// Until then it can be undone.
    pub final_at: Moment,
}

/// Ends access at once and sends the link that undoes it. A second time changes nothing. Browsers are signed out; an app that is signed in may
/// only see that the account is being deleted, and take it back (`tokens::Person::ending`).
///
/// # Errors
/// When the database fails.
pub async fn ask(app: &App, user: &user::Model, plan: SubscriptionEnd) -> Result<Asked, AccountError> {
    let tx = app.store.write_transaction().await?;
    if let Some(asked) = of(&*tx, user.id).await? {
        return Ok(asked);
    }
    let now = app.world.now();
    let asked = Asked { asked_at: now, final_at: now.plus(UNDO) };
    let token = app.world.new_token(TokenKind::Letter)?;
    let when = match plan {
        SubscriptionEnd::Now => When::Now,
        SubscriptionEnd::PeriodEnd => When::PeriodEnd,
    };
    let insert = "INSERT INTO deletions (user_id, asked_at, final_at, due_at, subscription, undo_hash)
        VALUES ($1, $2, $3, $3, $4, $5) ON CONFLICT (user_id) DO NOTHING";
    let values = [user.id.into(), now.into(), asked.final_at.into(), when.word().into(), token_hash(&token).into()];
    if tx.execute_raw(sql(&*tx, insert, values)).await?.rows_affected() == 0 {
        return Ok(asked);
    }
    devices::end_browsers(&tx, user.id, devices::End::AccountEnds, now).await?;
    for unused in ["DELETE FROM mail_links WHERE user_id = $1", "DELETE FROM google_flows WHERE user_id = $1"] {
        tx.execute_raw(sql(&*tx, unused, [user.id.into()])).await?;
    }
    let letter = Letter::DeletionAsked {
        name: user.name.clone(),
        link: format!("{}/keep-account?token={token}", app.base_url),
        until: asked.final_at.to_utc().date().to_string(),
    };
    outbox::queue(app, &tx, Some(user.id), &user.email, letter).await?;
    changes::note(&tx, &app.world, user.id, ChangeKind::Account, None).await?;
    tx.commit().await?;
    app.letters.notify_one();
    // It is asked for, whatever becomes of the rest: the workers do what is left of it.
    if let Err(error) = stop_jobs(app, user.id).await {
        tracing::warn!(%error, "jobs could not be stopped yet");
    }
    // No renewal meanwhile; whatever is left of the plan ends with the account.
    if app.billing.is_some()
        && let Err(error) = subscriptions::end_all(app, user.owner_ref, when).await
    {
        tracing::warn!(%error, "a plan could not be ended yet");
    }
    Ok(asked)
}

/// Stops the jobs of those who are leaving and whose jobs go on: the process may have ended between the commit and [`stop_jobs`].
///
/// # Errors
/// When the database fails.
pub async fn stop_leaving(app: &App) -> Result<(), AccountError> {
    #[derive(FromQueryResult)]
    struct Row {
        user_id: Uuid,
    }
    let reader = app.store.reader();
    let select = "SELECT DISTINCT d.user_id FROM deletions d JOIN jobs j ON j.user_id = d.user_id
        WHERE j.state IN ('queued', 'running') AND NOT j.cancel_requested";
    for row in Row::find_by_statement(sql(reader, select, [])).all(reader).await? {
        stop_jobs(app, row.user_id).await?;
    }
    Ok(())
}

/// What waits is stopped and costs nothing; what runs hears of it at its next sign of life.
pub(super) async fn stop_jobs(app: &App, user: Uuid) -> Result<(), AccountError> {
    #[derive(FromQueryResult)]
    struct Row {
        id: Uuid,
    }
    let reader = app.store.reader();
    let select = "SELECT id FROM jobs WHERE user_id = $1 AND state IN ('queued', 'running') AND NOT cancel_requested";
    for row in Row::find_by_statement(sql(reader, select, [user.into()])).all(reader).await? {
        if let Err(error) = jobs::cancel(&app.store, &app.world, user, row.id).await {
            tracing::warn!(job = %row.id, %error, "a job was not stopped");
        }
    }
    Ok(())
}

/// The deletion that a person asked for.
///
/// # Errors
/// When the database fails.
pub async fn of(connection: &impl ConnectionTrait, user: Uuid) -> Result<Option<Asked>, AccountError> {
    let select = "SELECT asked_at, final_at FROM deletions WHERE user_id = $1";
    Ok(Asked::find_by_statement(sql(connection, select, [user.into()])).one(connection).await?)
}

/// Keeps the account after all, by the link in the letter.
///
/// # Errors
/// When the link is unknown or too late.
pub async fn undo(app: &App, token: &str) -> Result<(), AccountError> {
    let kept = keep(app, "undo_hash", token_hash(token).into()).await?;
    if kept { Ok(()) } else { Err(AccountError::DeadLink) }
}

/// Keeps the account after all, for the person's own app; false when it is too late. Nothing to undo is undone.
///
/// # Errors
/// When the database fails.
pub async fn undo_of(app: &App, user: Uuid) -> Result<bool, AccountError> {
    Ok(keep(app, "user_id", user.into()).await? || of(app.store.reader(), user).await?.is_none())
}

async fn keep(app: &App, column: &str, value: sea_orm::Value) -> Result<bool, AccountError> {
    #[derive(FromQueryResult)]
    struct Row {
        user_id: Uuid,
    }
    let tx = app.store.write_transaction().await?;
    let delete = format!("DELETE FROM deletions WHERE {column} = $1 AND final_at > $2 RETURNING user_id");
    let Some(row) = Row::find_by_statement(sql(&*tx, delete, [value, app.world.now().into()])).one(&*tx).await? else {
        return Ok(false);
    };
    changes::note(&tx, &app.world, row.user_id, ChangeKind::Account, None).await?;
    tx.commit().await?;
    Ok(true)
}

/// Purges the accounts whose seven days are over.
///
/// # Errors
/// When the database fails; what is done stays done.
pub async fn purge_due(app: &App) -> Result<(), AccountError> {
    #[derive(FromQueryResult)]
    struct Row {
        user_id: Uuid,
    }
    let reader = app.store.reader();
    let select = "SELECT user_id FROM deletions WHERE due_at <= $1 ORDER BY due_at LIMIT 20";
    let due = Row::find_by_statement(sql(reader, select, [app.world.now().into()])).all(reader).await?;
    for row in due {
        // The log names it as its tombstone does.
        let name = stones::hex(&Thing::Account.hash(row.user_id));
        match purge(app, row.user_id).await? {
            Purged::Gone => tracing::info!(user = %name, "an account is gone"),
            Purged::Waits(why) => {
                tracing::warn!(user = %name, why, "an account cannot go yet");
                let tx = app.store.write_transaction().await?;
                let later = "UPDATE deletions SET due_at = $2 WHERE user_id = $1";
                tx.execute_raw(sql(&*tx, later, [row.user_id.into(), app.world.now().plus(DAY).into()])).await?;
                tx.commit().await?;
            }
        }
    }
    Ok(())
}

/// What became of a purge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purged {
    /// Nothing of the person is left outside the books.
    Gone,
    /// Not yet, because.
    Waits(&'static str),
}

/// Removes everything of a person but the books. May be repeated.
///
/// # Errors
/// When the database fails; then nothing of it has happened.
pub async fn purge(app: &App, id: Uuid) -> Result<Purged, AccountError> {
    let Some(user) = user::Entity::find_by_id(id).one(app.store.reader()).await? else { return Ok(Purged::Gone) };
    // Before any transaction: Stripe is outside. Nobody is to go on paying for an account that is gone.
    if let Err(error) = billing::forget_person(app, user.owner_ref).await {
        tracing::warn!(%error, "Stripe could not be told");
        return Ok(Purged::Waits("Stripe could not be told"));
    }
    // The object store is outside as well. Rows that are left without their objects go below, or at the next try.
    if let Err(error) = app.objects.delete_person(id).await {
        tracing::warn!(%error, "photos could not be deleted");
        return Ok(Purged::Waits("photos could not be deleted"));
    }
    outbox::forget_person(app, id).await?;
    let tx = app.store.write_transaction().await?;
    let select = "SELECT COUNT(*) AS n FROM jobs WHERE user_id = $1 AND state IN ('queued', 'running')";
    if count_of(&*tx, select, [id.into()]).await? > 0 {
        return Ok(Purged::Waits("a job runs"));
    }
    let select = "SELECT COUNT(*) AS n FROM ledger_claims WHERE owner_ref = $1 AND state = 'open'";
    if count_of(&*tx, select, [user.owner_ref.into()]).await? > 0 {
        return Ok(Purged::Waits("a payment is disputed"));
    }
    // Stripe's news may have named a customer since Stripe was told.
    let select = "SELECT COUNT(*) AS n FROM billing_customers WHERE owner_ref = $1 AND stripe_id IS NOT NULL";
    if app.billing.is_some() && count_of(&*tx, select, [user.owner_ref.into()]).await? > 0 {
        return Ok(Purged::Waits("Stripe has to be told again"));
    }
    match Ledger::new(&tx, &app.world).close(user.owner_ref).await {
        Ok(_) => {}
        Err(LedgerError::StillOpen { .. }) => return Ok(Purged::Waits("credits are set aside")),
        Err(LedgerError::Store(error)) => return Err(error.into()),
        Err(error) => {
            tracing::error!(%error, "books cannot be closed");
            return Ok(Purged::Waits("the books cannot be closed"));
        }
    }
    remove(app, &tx, &user).await?;
    tx.commit().await?;
    app.letters.notify_one();
    Ok(Purged::Gone)
}

async fn remove(app: &App, tx: &WriteTransaction, user: &user::Model) -> Result<(), AccountError> {
    let now = app.world.now();
    let years = app.settings.privacy.books_years;
    let purge_at = now.plus(DAY * 365 * years + DAY * (years / 4));
    let close = "INSERT INTO closed_books (owner_ref, closed_at, purge_at, purging) VALUES ($1, $2, $3, $4)
        ON CONFLICT (owner_ref) DO NOTHING";
    tx.execute_raw(sql(&**tx, close, [user.owner_ref.into(), now.into(), purge_at.into(), false.into()])).await?;
    stones::set(tx, &app.world, Thing::Account, user.id).await?;
    let subject = Subject { user: user.id, owner: user.owner_ref };
    objects::forget_person(tx, user.id).await?;
    returned::forget(tx, &user.email).await?;
    let mut gone = Vec::new();
    for held in HELD {
        let count = held.end_rows(&**tx, subject).await?;
        if count > 0 && held.end == End::Delete {
            gone.push(format!("{} × {count}", held.thing));
        }
    }
    let kept = format!(
        "Payments and movements of credits are kept for {years} years, because the law asks for it, without your name or address. Stripe keeps its own records of payments."
    );
    let letter = Letter::AccountDeleted { name: user.name.clone(), gone, kept };
    // Nobody's letter: its address goes as soon as it has left.
    outbox::queue(app, tx, None, &user.email, letter).await
}
