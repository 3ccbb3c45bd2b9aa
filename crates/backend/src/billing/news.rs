//! Tells a person's app what changed, in the transaction that changes it.

use super::{BillingError, payments};
use crate::app::App;
use crate::changes::{ChangeKind, note};
use crate::store::WriteTransaction;
use uuid::Uuid;

/// Notes that something of this person changed. Last before the commit: it locks the person's sequence of changes.
pub(super) async fn tell(
    app: &App,
    tx: &WriteTransaction,
    owner: Uuid,
    order: Option<Uuid>,
    also: &[ChangeKind],
) -> Result<(), BillingError> {
    let Some(person) = payments::person(tx, owner).await? else { return Ok(()) };
    if order.is_some() {
        note(tx, &app.world, person.id, ChangeKind::Order, order).await?;
    }
    for kind in also {
        note(tx, &app.world, person.id, *kind, None).await?;
    }
    Ok(())
}
