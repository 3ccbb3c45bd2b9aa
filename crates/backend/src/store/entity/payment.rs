//! Table `payments`. Money that came, and the credits it brought.

use crate::world::Moment;
use sea_orm::entity::prelude::*;

/// Money that came, and the credits it brought.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "payments")]
pub struct Model {
    /// `stripe:cs:<session>` or `stripe:in:<invoice>`: also the key of the grant and the ledger's name of the order.
    #[sea_orm(primary_key, auto_increment = false)]
    pub payment_ref: String,
    /// Whose ledger.
    pub owner_ref: Uuid,
    /// The order it paid; none for a renewal.
    pub order_id: Option<Uuid>,
    /// `sub_…`
    pub subscription: Option<String>,
    /// `pi_…`; none when nothing had to be paid.
    pub payment_intent: Option<String>,
    /// Three letters, lower case.
    pub currency: String,
    /// Minor units.
    pub amount: i64,
    /// What it brought.
    pub credits: i64,
    /// Minor units that went back.
    pub refunded: i64,
    /// Whether a dispute is open or was lost.
    pub disputed: bool,
    /// The last ticket that was given to a fetch.
    pub asked: i64,
    /// The ticket of the fetch that this is from.
    pub written: i64,
    /// When.
    pub paid_at: Moment,
}

/// None: joins are written where they are needed.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
