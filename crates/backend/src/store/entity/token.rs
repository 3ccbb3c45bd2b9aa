//! Table `tokens`. A token, by its hash.

use crate::world::Moment;
use sea_orm::entity::prelude::*;

/// What a token opens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text")]
pub enum Kind {
    /// The API.
    #[sea_orm(string_value = "access")]
    Access,
    /// The next pair of tokens.
    #[sea_orm(string_value = "refresh")]
    Refresh,
    /// Our own pages.
    #[sea_orm(string_value = "web")]
    Web,
}

/// A token, by its hash.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "tokens")]
pub struct Model {
    /// SHA-256 of the token.
    #[sea_orm(primary_key, auto_increment = false)]
    pub hash: Vec<u8>,
    /// What it opens.
    pub kind: Kind,
    /// What it belongs to.
    pub device_id: Uuid,
    /// Until when.
    pub expires_at: Moment,
    /// A refresh token: when it was exchanged.
    pub used_at: Option<Moment>,
}

/// None: joins are written where they are needed.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
