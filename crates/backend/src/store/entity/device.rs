//! Table `devices`. One sign-in on one browser or app.

use crate::world::Moment;
use sea_orm::entity::prelude::*;

/// What signed in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text")]
pub enum DeviceKind {
    /// Our own pages.
    #[sea_orm(string_value = "browser")]
    Browser,
    /// The desktop app.
    #[sea_orm(string_value = "app")]
    App,
}

/// One sign-in on one browser or app.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "devices")]
pub struct Model {
    /// Id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// Whose.
    pub user_id: Uuid,
    /// Browser or app.
    pub kind: DeviceKind,
    /// For the person to know it by.
    pub name: String,
    /// When.
    pub created_at: Moment,
    /// Last use, to the quarter of an hour.
    pub seen_at: Moment,
    /// When it was signed out.
    pub ended_at: Option<Moment>,
    /// Why.
    pub end_reason: Option<String>,
}

/// None: joins are written where they are needed.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
