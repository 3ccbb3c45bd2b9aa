//! Table `uploads`. A file on its way up.

use crate::world::Moment;
use sea_orm::entity::prelude::*;

/// Where an upload stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text")]
pub enum UploadState {
    /// More is to come.
    #[sea_orm(string_value = "open")]
    Open,
    /// It is a photo now.
    #[sea_orm(string_value = "stored")]
    Stored,
    /// It was no photo, or none that is taken.
    #[sea_orm(string_value = "refused")]
    Refused,
}

/// A file on its way up.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "uploads")]
pub struct Model {
    /// Id, sorts by time.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// Whose.
    pub user_id: Uuid,
    /// The same request has the same key.
    pub idem_key: String,
    /// How long the whole file is.
    pub bytes: i64,
    /// Of the whole file, hexadecimal.
    pub sha256: String,
    /// What it is said to be.
    pub media_type: String,
    /// Bytes that have arrived.
    pub received: i64,
    /// Where it stands.
    pub state: UploadState,
    /// The photo that it became.
    pub photo_id: Option<Uuid>,
    /// Why it was refused, for the person.
    pub fault: Option<String>,
    /// When it began.
    pub created_at: Moment,
    /// When it is forgotten unless it is whole.
    pub expires_at: Moment,
}

/// None: joins are written where they are needed.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
