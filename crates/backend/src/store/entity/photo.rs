//! Table `photos`. A photo that the service keeps: upright, without metadata.

use crate::world::Moment;
use sea_orm::entity::prelude::*;

/// A photo that the service keeps: upright, without metadata.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "photos")]
pub struct Model {
    /// Id, sorts by time.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// Whose.
    pub user_id: Uuid,
    /// Where its file is.
    pub object_key: String,
    /// Pixels.
    pub width: i64,
    /// Pixels.
    pub height: i64,
    /// Size of the file.
    pub bytes: i64,
    /// Of the file, hexadecimal.
    pub sha256: String,
    /// Of the file.
    pub media_type: String,
    /// When it was stored.
    pub created_at: Moment,
}

/// None: joins are written where they are needed.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
