//! The privacy policy: its versions, the letters about a new one, and who agreed to which.
//!
//! Before one is published, the text that comes with the program counts. Who signs up agrees to the one in force, which is linked there.

use crate::accounts::AccountError;
use crate::app::App;
use crate::changes::{self, ChangeKind};
use crate::mail::letter::Letter;
use crate::mail::outbox;
use crate::store::entity::user;
use crate::store::{count_of, sql};
use crate::world::Moment;
use pretty_contract::service::privacy::{FIRST_POLICY, FIRST_POLICY_VERSION};
use sea_orm::{ConnectionTrait, FromQueryResult};
use uuid::Uuid;

/// The version of the text that comes with the program.
pub const FIRST_VERSION: &str = FIRST_POLICY_VERSION;
/// Letters queued in one transaction.
const BATCH: u32 = 200;

/// A version.
#[derive(Clone, Debug, PartialEq, Eq, FromQueryResult)]
pub struct Policy {
    /// Its name.
    pub version: String,
    /// The whole text, in Markdown.
    pub content: String,
    /// What changed, for people.
    pub changes: String,
    /// Whether people are asked again.
    pub material: bool,
    /// From when it counts.
    pub effective_at: Moment,
    /// When it was told.
    pub published_at: Moment,
}

const COLUMNS: &str = "version, content, changes, material, effective_at, published_at";

/// The one in force.
///
/// # Errors
/// When the database fails.
pub async fn current(app: &App) -> Result<Policy, AccountError> {
    let reader = app.store.reader();
    let select = format!(
        "SELECT {COLUMNS} FROM policies WHERE effective_at <= $1 ORDER BY effective_at DESC, published_at DESC LIMIT 1"
    );
    let found = Policy::find_by_statement(sql(reader, select, [app.world.now().into()])).one(reader).await?;
    Ok(found.unwrap_or_else(|| Policy {
        version: FIRST_VERSION.to_owned(),
        content: FIRST_POLICY.to_owned(),
        changes: String::new(),
        material: false,
        effective_at: Moment(0),
        published_at: Moment(0),
    }))
}

/// Publishes a version; the same once more changes nothing. Letters about a material one go to everybody, by and by.
///
/// # Errors
/// When the database fails.
pub async fn publish(app: &App, policy: &Policy) -> Result<bool, AccountError> {
    let insert = "INSERT INTO policies (version, content, changes, material, effective_at, published_at, told)
        VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (version) DO NOTHING";
    let tx = app.store.write_transaction().await?;
    let values = [
        policy.version.as_str().into(),
        policy.content.as_str().into(),
        policy.changes.as_str().into(),
        policy.material.into(),
        policy.effective_at.into(),
        policy.published_at.into(),
        (!policy.material).into(),
    ];
    let done = tx.execute_raw(sql(&*tx, insert, values)).await?.rows_affected();
    tx.commit().await?;
    Ok(done == 1)
}

/// Queues the letters about a new version, some people at a time; a crash goes on where it was.
///
/// # Errors
/// When the database fails; what is done stays done.
pub async fn tell_due(app: &App) -> Result<(), AccountError> {
    while tell_some(app).await? {}
    Ok(())
}

async fn tell_some(app: &App) -> Result<bool, AccountError> {
    #[derive(FromQueryResult)]
    struct Due {
        version: String,
        changes: String,
        effective_at: Moment,
        published_at: Moment,
        told_to: Option<Uuid>,
    }
    let tx = app.store.write_transaction().await?;
    let select = format!(
        "SELECT version, changes, effective_at, published_at, told_to FROM policies WHERE told = $1 ORDER BY published_at LIMIT 1{}",
        tx.claim_clause()
    );
    let Some(due) = Due::find_by_statement(sql(&*tx, select, [false.into()])).one(&*tx).await? else {
        return Ok(false);
    };
    let after = due.told_to.unwrap_or(Uuid::nil());
    let people = format!("SELECT * FROM users WHERE id > $1 AND created_at < $2 ORDER BY id LIMIT {BATCH}");
    let values = [after.into(), due.published_at.into()];
    let people = user::Model::find_by_statement(sql(&*tx, people, values)).all(&*tx).await?;
    for person in &people {
        let letter = Letter::PolicyChanged {
            name: person.name.clone(),
            version: due.version.clone(),
            changes: due.changes.clone(),
            from: due.effective_at.to_utc().date().to_string(),
        };
        outbox::queue(app, &tx, Some(person.id), &person.email, letter).await?;
    }
    let told = people.len() < BATCH as usize;
    let last = people.last().map_or(after, |person| person.id);
    let update = "UPDATE policies SET told_to = $2, told = $3 WHERE version = $1";
    tx.execute_raw(sql(&*tx, update, [due.version.into(), last.into(), told.into()])).await?;
    // In the order of their ids, and by one worker at a time, so nobody waits for each other.
    for person in &people {
        changes::note(&tx, &app.world, person.id, ChangeKind::Policy, None).await?;
    }
    tx.commit().await?;
    app.letters.notify_one();
    Ok(!told)
}

/// Where a person stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// The version in force.
    pub current: String,
    /// Whether it was agreed to.
    pub accepted: bool,
    /// Whether it has to be, before the next job.
    pub must_accept: bool,
}

/// Where a person stands.
///
/// # Errors
/// When the database fails.
pub async fn standing(app: &App, user: &user::Model) -> Result<Standing, AccountError> {
    #[derive(FromQueryResult)]
    struct InForce {
        version: String,
        effective_at: Moment,
        said: i64,
    }
    let reader = app.store.reader();
    // Without the text, which is long and which every request would carry.
    let select = "SELECT p.version, p.effective_at,
        (SELECT COUNT(*) FROM policy_acceptances a WHERE a.user_id = $2 AND a.version = p.version) AS said
        FROM policies p WHERE p.effective_at <= $1 ORDER BY p.effective_at DESC, p.published_at DESC LIMIT 1";
    let values = [app.world.now().into(), user.id.into()];
    let Some(found) = InForce::find_by_statement(sql(reader, select, values)).one(reader).await? else {
        return Ok(Standing { current: FIRST_VERSION.to_owned(), accepted: true, must_accept: false });
    };
    // Who signs up agrees to what is in force then.
    let accepted = found.said > 0 || user.created_at >= found.effective_at;
    Ok(Standing { must_accept: !accepted && must_accept(app, user).await?, accepted, current: found.version })
}

/// Whether a version that everybody has to agree to came into force since the person signed up, and neither it nor a later one was agreed to.
///
/// # Errors
/// When the database fails.
pub async fn must_accept(app: &App, user: &user::Model) -> Result<bool, AccountError> {
    let select = "SELECT COUNT(*) AS n FROM policies p
        WHERE p.material = $1 AND p.effective_at <= $2 AND p.effective_at > $3 AND NOT EXISTS
            (SELECT 1 FROM policy_acceptances a JOIN policies q ON q.version = a.version
             WHERE a.user_id = $4 AND q.effective_at >= p.effective_at)";
    let values = [true.into(), app.world.now().into(), user.created_at.into(), user.id.into()];
    Ok(count_of(app.store.reader(), select, values).await? > 0)
}

/// A person agrees to a version; the one in force only.
///
/// # Errors
/// When it is another one, or the database fails.
pub async fn accept(app: &App, user: Uuid, version: &str) -> Result<(), AccountError> {
    let policy = current(app).await?;
    if policy.version != version {
        return Err(AccountError::DeadLink);
    }
    if policy.published_at == Moment(0) {
        return Ok(());
    }
    let insert = "INSERT INTO policy_acceptances (user_id, version, accepted_at) VALUES ($1, $2, $3)
        ON CONFLICT (user_id, version) DO NOTHING";
    let tx = app.store.write_transaction().await?;
    if tx.execute_raw(sql(&*tx, insert, [user.into(), version.into(), app.world.now().into()])).await?.rows_affected()
        == 1
    {
        changes::note(&tx, &app.world, user, ChangeKind::Policy, None).await?;
    }
    Ok(tx.commit().await?)
}
