//! Signing up: a letter first, the account when its link is followed and the password given again.
//!
//! Asking for the password again means that nobody can be made to confirm an account that a stranger prepared with the stranger's password,
//! and that programs which follow links in mail confirm nothing.

use super::email::Email;
use super::limits::{self, Counted};
use super::links::{self, Chosen, New};
use super::password::{self, Check};
use super::{AccountError, name};
use crate::app::App;
use crate::mail::letter::Letter;
use crate::mail::{outbox, returned};
use crate::store::entity::mail_link::{self, Purpose};
use crate::store::entity::user;
use crate::store::{WriteTransaction, is_unique_violation};
use sea_orm::{ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter};
use std::net::IpAddr;
use std::time::Duration;

/// How long the link in the letter is good.
const LINK_LIFE: Duration = Duration::from_secs(24 * 3600);

/// What a person wrote into the form.
#[derive(Debug)]
pub struct SignUp<'a> {
    /// Name.
    pub name: &'a str,
    /// Address.
    pub email: &'a str,
    /// Password.
    pub password: &'a str,
    /// The page of ours to go on with afterwards.
    pub return_to: Option<String>,
}

/// Sends the letter. Whether the address has an account already is told to its owner only, in that letter.
///
/// # Errors
/// What is wrong with the form, or too many attempts.
pub async fn ask(app: &App, form: SignUp<'_>, from: IpAddr) -> Result<(), AccountError> {
    let email = Email::parse(form.email)?;
    let name = name::clean(form.name)?;
    let password = password::choose(form.password, &[&name, email.as_str()])?;
    limits::count(app, Counted::SignUpFrom(from)).await?;
    limits::count(app, Counted::MailTo(email.key())).await?;
    returned::refuse(app, email.key()).await?;
    // Hashed in any case, so that it takes as long.
    let hash = app.passwords.hash(password).await?;
    let tx = app.store.write_transaction().await?;
    let known = user::Entity::find().filter(user::Column::EmailKey.eq(email.key())).one(&*tx).await?;
    let letter = if let Some(known) = &known {
        links::make_blind(app, &tx).await?;
        Letter::AlreadyRegistered { name: known.name.clone() }
    } else {
        let chosen = Chosen { name: name.clone(), password_hash: hash, return_to: form.return_to };
        let (purpose, life) = (Purpose::SignUp, LINK_LIFE);
        let new = New { purpose, user: None, email: email.as_str(), chosen: Some(chosen), life };
        let token = links::make(app, &tx, new).await?;
        Letter::ConfirmSignUp { name, link: format!("{}/confirm?token={token}", app.base_url) }
    };
    outbox::queue(app, &tx, known.map(|known| known.id), email.as_str(), letter).await?;
    tx.commit().await?;
    app.letters.notify_one();
    Ok(())
}

/// Makes the account. Says who it is and where to go on.
///
/// # Errors
/// A dead link, or another password than was chosen.
pub async fn confirm(app: &App, token: &str, password: &str) -> Result<(user::Model, Option<String>), AccountError> {
    let link = waiting(app, token).await?.ok_or(AccountError::DeadLink)?;
    let email = Email::parse(&link.email)?;
    limits::count(app, Counted::SignInTo(email.key())).await?;
    if app.passwords.check(password, link.password_hash.clone()).await? == Check::Wrong {
        return Err(AccountError::WrongCredentials);
    }
    let tx = app.store.write_transaction().await?;
    links::spend(&tx, token, app.world.now()).await?;
    let now = app.world.now();
    let user = user::Model {
        id: app.world.new_id()?,
        owner_ref: app.world.new_id()?,
        name: link.name.unwrap_or_default(),
        email: email.as_str().to_owned(),
        email_key: email.key().to_owned(),
        password_hash: link.password_hash,
        password_changed_at: now,
        created_at: now,
    };
    insert(&tx, &user).await?;
    outbox::queue(app, &tx, Some(user.id), &user.email, Letter::Welcome { name: user.name.clone() }).await?;
    tx.commit().await?;
    app.letters.notify_one();
    Ok((user, link.return_to))
}

/// Writes a new person's row. An address that got an account meanwhile makes the link dead.
///
/// # Errors
/// When the database fails.
pub async fn insert(tx: &WriteTransaction, user: &user::Model) -> Result<(), AccountError> {
    let row = user::ActiveModel {
        id: Set(user.id),
        owner_ref: Set(user.owner_ref),
        name: Set(user.name.clone()),
        email: Set(user.email.clone()),
        email_key: Set(user.email_key.clone()),
        password_hash: Set(user.password_hash.clone()),
        password_changed_at: Set(user.password_changed_at),
        created_at: Set(user.created_at),
    };
    match user::Entity::insert(row).exec_without_returning(&**tx).await {
        Ok(_) => Ok(()),
        Err(error) if is_unique_violation(&error) => Err(AccountError::DeadLink),
        Err(error) => Err(error.into()),
    }
}

/// The sign-up that a link stands for, while it can be used.
///
/// # Errors
/// When the database fails.
pub async fn waiting(app: &App, token: &str) -> Result<Option<mail_link::Model>, AccountError> {
    links::live(app, token, Purpose::SignUp).await
}
