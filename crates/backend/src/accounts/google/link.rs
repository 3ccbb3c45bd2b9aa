//! Whose account a Google account opens: the rules.

use super::flow::{self, Flow, Purpose};
use super::id_token::Claims;
use super::{GoogleError, Provider};
use crate::accounts::email::Email;
use crate::accounts::{name, sign_in, sign_up};
use crate::app::App;
use crate::mail::letter::Letter;
use crate::mail::outbox;
use crate::store::entity::{identity, user};
use crate::store::{WriteTransaction, is_unique_violation, sql};
use sea_orm::{ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter};
use uuid::Uuid;

/// What came of the way to Google and back.
#[derive(Debug)]
pub enum Arrived {
    /// This person is signed in.
    SignedIn {
        /// Who.
        user: Uuid,
        /// Where to go on.
        return_to: Option<String>,
    },
    /// There is an account with the address: its password connects the two.
    PasswordWanted {
        /// For the form.
        state: String,
        /// Which address.
        email: String,
    },
    /// Google is connected to the account of the person who is signed in.
    Linked,
}

/// Takes what Google sent back. `signed_in` is who is signed in on this browser.
///
/// # Errors
/// Why nobody is signed in.
pub async fn arrive(
    app: &App,
    cookie: &str,
    state: &str,
    code: Option<&str>,
    signed_in: Option<Uuid>,
) -> Result<Arrived, GoogleError> {
    let tx = app.store.write_transaction().await?;
    let flow = flow::take(app, &tx, cookie, state).await?.ok_or(GoogleError::DeadFlow)?;
    tx.commit().await?;
    let purpose = flow.purpose().ok_or(GoogleError::DeadFlow)?;
    let code = code.ok_or(GoogleError::Denied)?;
    let provider = app.google.as_ref().ok_or(GoogleError::DeadFlow)?;
    let claims = proven(app, provider, cookie, state, code).await?;
    let tx = app.store.write_transaction().await?;
    let known = identity::Entity::find()
        .filter(identity::Column::Issuer.eq(&app.settings.google.issuer))
        .filter(identity::Column::Subject.eq(&claims.sub))
        .one(&*tx)
        .await?;
    let arrived = match (purpose, known) {
        (Purpose::Link(user), _) if signed_in != Some(user) => return Err(GoogleError::DeadFlow),
        (Purpose::Link(user), Some(known)) if known.user_id != user => return Err(GoogleError::Taken),
        (Purpose::Link(_), Some(_)) => Arrived::Linked,
        (Purpose::Link(user), None) => {
            connect(app, &tx, user, &claims.sub, &claims.email).await?;
            Arrived::Linked
        }
        (_, Some(known)) => {
            // The address there may have changed; the account is the same.
            let update = "UPDATE identities SET email = $2 WHERE id = $1";
            tx.execute_raw(sql(&*tx, update, [known.id.into(), claims.email.as_str().into()])).await?;
            Arrived::SignedIn { user: known.user_id, return_to: flow.return_to }
        }
        (_, None) => stranger(app, &tx, cookie, purpose, &claims, flow).await?,
    };
    tx.commit().await?;
    app.letters.notify_one();
    Ok(arrived)
}

async fn proven(app: &App, provider: &Provider, cookie: &str, state: &str, code: &str) -> Result<Claims, GoogleError> {
    let (verifier, nonce) = (flow::verifier(cookie, state), flow::nonce(cookie, state));
    provider.exchange(code, &verifier, &flow::redirect_uri(app), &nonce, app.world.now()).await
}

/// A Google account that was never here.
async fn stranger(
    app: &App,
    tx: &WriteTransaction,
    cookie: &str,
    purpose: Purpose,
    claims: &Claims,
    flow: Flow,
) -> Result<Arrived, GoogleError> {
    // Said before anything is looked up: whether the address has an account is told to its owner only.
    if !claims.is_vouched() {
        return Err(GoogleError::AddressNotVouched);
    }
    let email = Email::parse(&claims.email)?;
    let holder = user::Entity::find().filter(user::Column::EmailKey.eq(email.key())).one(&**tx).await?;
    match holder {
        Some(holder) if holder.password_hash.is_none() => Err(GoogleError::OtherGoogleAccount),
        Some(holder) => {
            let proven = (claims.sub.as_str(), claims.email.as_str());
            let state = flow::await_password(app, tx, cookie, holder.id, proven, flow.return_to).await?;
            Ok(Arrived::PasswordWanted { state, email: holder.email })
        }
        None if purpose == Purpose::SignUp => {
            let user = make(app, tx, claims, &email).await?;
            Ok(Arrived::SignedIn { user, return_to: flow.return_to })
        }
        None => Err(GoogleError::NoAccount),
    }
}

async fn make(app: &App, tx: &WriteTransaction, claims: &Claims, email: &Email) -> Result<Uuid, GoogleError> {
    let now = app.world.now();
    let cut: String = claims.name.chars().filter(|c| !c.is_control()).take(80).collect();
    let user = user::Model {
        id: app.world.new_id()?,
        owner_ref: app.world.new_id()?,
        name: name::clean(&cut).unwrap_or_else(|_| "You".to_owned()),
        email: email.as_str().to_owned(),
        email_key: email.key().to_owned(),
        password_hash: None,
        password_changed_at: now,
        created_at: now,
    };
    sign_up::insert(tx, &user).await?;
    // A stranger may have begun a sign-up with the address: its link dies, so that no password of theirs can follow.
    let delete = "DELETE FROM mail_links WHERE purpose = 'sign_up' AND LOWER(email) = $1";
    tx.execute_raw(sql(&**tx, delete, [email.key().into()])).await?;
    insert(app, tx, user.id, &claims.sub, &claims.email).await?;
    outbox::queue(app, tx, Some(user.id), &user.email, Letter::Welcome { name: user.name.clone() }).await?;
    Ok(user.id)
}

/// Connects the two after the account's password was given.
///
/// # Errors
/// A dead way, or another password.
pub async fn link_by_password(
    app: &App,
    cookie: &str,
    state: &str,
    password: &str,
) -> Result<(Uuid, Option<String>), GoogleError> {
    let flow = flow::waiting(app, cookie, state).await?.ok_or(GoogleError::DeadFlow)?;
    let (Some(user), Some(subject), Some(email)) = (flow.user_id, flow.subject, flow.email) else {
        return Err(GoogleError::DeadFlow);
    };
    let holder = user::Entity::find_by_id(user).one(app.store.reader()).await?.ok_or(GoogleError::DeadFlow)?;
    sign_in::confirm(app, &holder, password).await?;
    let tx = app.store.write_transaction().await?;
    // The second of two at once finds nothing.
    flow::take(app, &tx, cookie, state).await?.ok_or(GoogleError::DeadFlow)?;
    connect(app, &tx, user, &subject, &email).await?;
    tx.commit().await?;
    app.letters.notify_one();
    Ok((user, flow.return_to))
}

async fn connect(app: &App, tx: &WriteTransaction, user: Uuid, subject: &str, email: &str) -> Result<(), GoogleError> {
    let person = user::Entity::find_by_id(user).one(&**tx).await?.ok_or(GoogleError::DeadFlow)?;
    insert(app, tx, user, subject, email).await?;
    let letter = Letter::GoogleConnected { name: person.name, google: email.to_owned() };
    Ok(outbox::queue(app, tx, Some(user), &person.email, letter).await?)
}

async fn insert(app: &App, tx: &WriteTransaction, user: Uuid, subject: &str, email: &str) -> Result<(), GoogleError> {
    let row = identity::ActiveModel {
        id: Set(app.world.new_id()?),
        user_id: Set(user),
        issuer: Set(app.settings.google.issuer.clone()),
        subject: Set(subject.to_owned()),
        email: Set(email.to_owned()),
        created_at: Set(app.world.now()),
    };
    match identity::Entity::insert(row).exec_without_returning(&**tx).await {
        Ok(_) => Ok(()),
        Err(error) if is_unique_violation(&error) => Err(GoogleError::Taken),
        Err(error) => Err(error.into()),
    }
}

/// The address whose password a way waits for.
///
/// # Errors
/// When it is dead.
pub async fn waiting_address(app: &App, cookie: &str, state: &str) -> Result<String, GoogleError> {
    let flow = flow::waiting(app, cookie, state).await?.ok_or(GoogleError::DeadFlow)?;
    let holder = user::Entity::find_by_id(flow.user_id.ok_or(GoogleError::DeadFlow)?).one(app.store.reader()).await?;
    Ok(holder.ok_or(GoogleError::DeadFlow)?.email)
}

/// The Google addresses connected to an account.
///
/// # Errors
/// When the database fails.
pub async fn linked(app: &App, user: Uuid) -> Result<Vec<String>, GoogleError> {
    let found = identity::Entity::find().filter(identity::Column::UserId.eq(user)).all(app.store.reader()).await?;
    Ok(found.into_iter().map(|identity| identity.email).collect())
}

/// Disconnects Google from an account that has a password.
///
/// # Errors
/// When it is the only way in, or the password is wrong.
pub async fn unlink(app: &App, user: &user::Model, password: &str) -> Result<(), GoogleError> {
    if user.password_hash.is_none() {
        return Err(GoogleError::OnlyWayIn);
    }
    sign_in::confirm(app, user, password).await?;
    let tx = app.store.write_transaction().await?;
    let delete = "DELETE FROM identities WHERE user_id = $1";
    if tx.execute_raw(sql(&*tx, delete, [user.id.into()])).await?.rows_affected() > 0 {
        let letter = Letter::GoogleDisconnected { name: user.name.clone() };
        outbox::queue(app, &tx, Some(user.id), &user.email, letter).await?;
    }
    tx.commit().await?;
    app.letters.notify_one();
    Ok(())
}
