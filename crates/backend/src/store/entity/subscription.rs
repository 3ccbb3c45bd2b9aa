//! Table `subscriptions`. Subscriptions as they were last fetched.

use crate::world::Moment;
use sea_orm::entity::prelude::*;

/// A subscription as it was last fetched.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "subscriptions")]
pub struct Model {
    /// `sub_…`
    #[sea_orm(primary_key, auto_increment = false)]
    pub stripe_id: String,
    /// Whose, once it was fetched and is one of ours.
    pub owner_ref: Option<Uuid>,
    /// The order it came of.
    pub order_id: Option<Uuid>,
    /// Code in the catalogue.
    pub product: Option<String>,
    /// Stripe's word.
    pub status: String,
    /// Whether it ends with this period.
    pub cancel_at_period_end: bool,
    /// When the period began.
    pub period_start: Moment,
    /// When it ends.
    pub period_end: Moment,
    /// The last ticket that was given to a fetch.
    pub asked: i64,
    /// The ticket of the fetch that this is from.
    pub written: i64,
    /// When.
    pub changed_at: Moment,
}

/// None: joins are written where they are needed.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
