//! Table `orders`. What a person wants to buy, and how far it is.

use crate::world::Moment;
use sea_orm::entity::prelude::*;

/// What kind of product.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text")]
pub enum ProductKind {
    /// Credits, once.
    #[sea_orm(string_value = "pack")]
    Pack,
    /// The Pro plan.
    #[sea_orm(string_value = "plan")]
    Plan,
}

/// How far an order is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text")]
pub enum OrderState {
    /// Asked for; there is no payment page yet.
    #[sea_orm(string_value = "created")]
    Created,
    /// Can be paid, or a slow payment is on its way.
    #[sea_orm(string_value = "open")]
    Open,
    /// The money is here, the credits are about to come.
    #[sea_orm(string_value = "paid")]
    Paid,
    /// The credits are there.
    #[sea_orm(string_value = "fulfilled")]
    Fulfilled,
    /// Was not paid in time.
    #[sea_orm(string_value = "expired")]
    Expired,
    /// Came to nothing.
    #[sea_orm(string_value = "failed")]
    Failed,
    /// The money went back.
    #[sea_orm(string_value = "refunded")]
    Refunded,
    /// What was paid is not what was ordered: a person has to look at it.
    #[sea_orm(string_value = "quarantined")]
    Quarantined,
}

impl OrderState {
    /// As it stands in the table.
    pub fn word(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Open => "open",
            Self::Paid => "paid",
            Self::Fulfilled => "fulfilled",
            Self::Expired => "expired",
            Self::Failed => "failed",
            Self::Refunded => "refunded",
            Self::Quarantined => "quarantined",
        }
    }
}

/// What a person wants to buy, as it was offered.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "orders")]
pub struct Model {
    /// Id; Stripe knows it too.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// Whose ledger.
    pub owner_ref: Uuid,
    /// The person, while there is an account.
    pub user_id: Option<Uuid>,
    /// From whoever asks: the same request has the same key.
    pub idem_key: String,
    /// Code in the catalogue.
    pub product: String,
    /// As it was called.
    pub product_name: String,
    /// What kind of product.
    pub kind: ProductKind,
    /// `price_…`
    pub stripe_price: String,
    /// Three letters, lower case.
    pub currency: String,
    /// Minor units.
    pub amount: i64,
    /// What it brings; for a plan, with every payment.
    pub credits: i64,
    /// How far it is.
    pub state: OrderState,
    /// Part of the key of the request that makes the session; goes up when Stripe keeps a failure under the key.
    pub attempt: i64,
    /// When the session ends.
    pub session_expires_at: Moment,
    /// `cs_…`
    pub stripe_session: Option<String>,
    /// `sub_…`
    pub stripe_subscription: Option<String>,
    /// Where to pay, while that is possible.
    pub checkout_url: Option<String>,
    /// Why it failed or is in quarantine; for operators.
    pub fault: Option<String>,
    /// When the session is to be looked at next.
    pub check_at: Option<Moment>,
    /// When it was looked at last.
    pub looked_at: Moment,
    /// When.
    pub created_at: Moment,
    /// When it was paid.
    pub paid_at: Option<Moment>,
    /// When the person withdrew from it.
    pub withdrawn_at: Option<Moment>,
}

/// None: joins are written where they are needed.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
