//! Table `oauth_codes`. An authorization code of the app's sign-in.

use crate::world::Moment;
use sea_orm::entity::prelude::*;

/// An authorization code of the app's sign-in.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "oauth_codes")]
pub struct Model {
    /// SHA-256 of the code.
    #[sea_orm(primary_key, auto_increment = false)]
    pub hash: Vec<u8>,
    /// Who agreed.
    pub user_id: Uuid,
    /// To which app.
    pub client_id: String,
    /// Where it was sent.
    pub redirect_uri: String,
    /// PKCE, S256.
    pub challenge: String,
    /// What the app calls itself.
    pub device_name: String,
    /// Until when.
    pub expires_at: Moment,
    /// When it was exchanged.
    pub used_at: Option<Moment>,
    /// What came of it.
    pub device_id: Option<Uuid>,
}

/// None: joins are written where they are needed.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
