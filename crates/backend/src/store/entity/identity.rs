//! Table `identities`. A link to an account elsewhere.

use crate::world::Moment;
use sea_orm::entity::prelude::*;

/// A link to an account elsewhere.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "identities")]
pub struct Model {
    /// Id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// Whose.
    pub user_id: Uuid,
    /// Where.
    pub issuer: String,
    /// The stable name there.
    pub subject: String,
    /// The address there when linked.
    pub email: String,
    /// When.
    pub created_at: Moment,
}

/// None: joins are written where they are needed.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
