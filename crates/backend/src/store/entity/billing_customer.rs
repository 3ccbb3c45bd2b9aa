//! Table `billing_customers`. A person as Stripe knows them.

use crate::world::Moment;
use sea_orm::entity::prelude::*;

/// A person as Stripe knows them.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "billing_customers")]
pub struct Model {
    /// Whose.
    #[sea_orm(primary_key, auto_increment = false)]
    pub owner_ref: Uuid,
    /// Names the request that makes the customer.
    pub request_id: Uuid,
    /// `cus_…`, once the answer came.
    pub stripe_id: Option<String>,
    /// When.
    pub created_at: Moment,
}

/// None: joins are written where they are needed.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
