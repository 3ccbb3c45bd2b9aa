//! Table `mail_links`. A single-use link in a letter.

use crate::world::Moment;
use sea_orm::entity::prelude::*;

/// What a link does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text")]
pub enum Purpose {
    /// Makes the account, with the password that was chosen.
    #[sea_orm(string_value = "sign_up")]
    SignUp,
    /// Sets a new password.
    #[sea_orm(string_value = "reset")]
    Reset,
    /// Moves the account to the address.
    #[sea_orm(string_value = "change_email")]
    ChangeEmail,
}

/// A single-use link in a letter.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "mail_links")]
pub struct Model {
    /// SHA-256 of the token in it.
    #[sea_orm(primary_key, auto_increment = false)]
    pub hash: Vec<u8>,
    /// What it does.
    pub purpose: Purpose,
    /// For whom; nobody yet for a sign-up.
    pub user_id: Option<Uuid>,
    /// The address it was sent to, as it was written.
    pub email: String,
    /// A sign-up: the name.
    pub name: Option<String>,
    /// A sign-up: the password's hash.
    pub password_hash: Option<String>,
    /// A sign-up: the page of ours to go on with.
    pub return_to: Option<String>,
    /// Until when.
    pub expires_at: Moment,
    /// When it was used.
    pub used_at: Option<Moment>,
}

/// None: joins are written where they are needed.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
