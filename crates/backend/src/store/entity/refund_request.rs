//! Table `refund_requests`. Refunds that we ask Stripe for.

use crate::world::Moment;
use sea_orm::entity::prelude::*;

/// A refund that we ask Stripe for.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "refund_requests")]
pub struct Model {
    /// Id; Stripe knows it too.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// Of which payment.
    pub payment_ref: String,
    /// Whose ledger.
    pub owner_ref: Uuid,
    /// Of which order.
    pub order_id: Option<Uuid>,
    /// `pi_…`
    pub payment_intent: String,
    /// Minor units.
    pub amount: i64,
    /// Three letters, lower case.
    pub currency: String,
    /// Credits that go with it.
    pub credits: i64,
    /// withdrawal, operator or account_gone.
    pub reason: String,
    /// waiting, sent or failed.
    pub state: String,
    /// `re_…`
    pub stripe_id: Option<String>,
    /// How often it was tried.
    pub attempts: i64,
    /// When it is tried next.
    pub due_at: Moment,
    /// Why it failed.
    pub fault: Option<String>,
    /// When.
    pub created_at: Moment,
    /// When it was sent or given up.
    pub ended_at: Option<Moment>,
}

/// None: joins are written where they are needed.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
