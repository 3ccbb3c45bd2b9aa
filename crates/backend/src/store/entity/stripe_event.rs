//! Table `stripe_events`. What Stripe told us: that something changed, not what.

use crate::world::Moment;
use sea_orm::entity::prelude::*;

/// That something changed at Stripe.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "stripe_events")]
pub struct Model {
    /// `evt_…`
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: String,
    /// Such as `checkout.session.completed`.
    pub kind: String,
    /// What changed.
    pub object_id: Option<String>,
    /// The charge that the object is about, if it is.
    pub related: Option<String>,
    /// When, by Stripe.
    pub made_at: Moment,
    /// waiting, done, ignored or parked.
    pub state: String,
    /// How often it was tried.
    pub attempts: i64,
    /// When it is tried next.
    pub due_at: Moment,
    /// What went wrong last.
    pub fault: Option<String>,
    /// When it came.
    pub received_at: Moment,
    /// When it was done with.
    pub ended_at: Option<Moment>,
}

/// None: joins are written where they are needed.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
