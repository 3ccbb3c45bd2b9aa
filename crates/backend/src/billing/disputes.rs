//! Disputes: while one runs its credits are frozen, when it is lost they go, when it is won they come back.

use super::alarm::Alarm;
use super::refunds::{Found, payment_of};
use super::stripe_client::objects::Dispute;
use super::{BillingError, news, open, payments};
use crate::app::App;
use crate::changes::ChangeKind;
use crate::ledger::{Claim, ClaimState, Ledger, credits_to_claw_back};
use crate::store::sql;
use sea_orm::ConnectionTrait;

/// Fetches a dispute and does what follows.
pub(super) async fn settle(app: &App, id: &str) -> Result<(), BillingError> {
    let client = &open(app)?.client;
    let dispute = client.dispute(id).await?;
    let Some(charge) = &dispute.charge else { return Ok(()) };
    let charge = client.charge(charge).await?;
    let payment = match payment_of(app, open(app)?, &charge).await? {
        Found::Payment(payment) => payment,
        Found::Quarantined(order) => {
            app.alarms.raise(
                Alarm::DisputeOpened,
                &format!("order {}", order.id),
                "a dispute of an order in quarantine",
            );
            return Ok(());
        }
        Found::NotOurs => return Ok(()),
    };
    let Some(state) = claim_state(&dispute) else { return Ok(()) };
    let tx = app.store.write_transaction().await?;
    let Some(payment) = payments::locked(&tx, &payment.payment_ref).await? else { return Ok(()) };
    let credits = credits_to_claw_back(payment.credits, dispute.amount, payment.amount);
    if credits > 0 {
        let claim = Claim { key: format!("stripe:dp:{id}"), order_ref: payment.payment_ref.clone(), credits, state };
        Ledger::new(&tx, &app.world).claim(payment.owner_ref, claim).await?;
    }
    let disputed = state != ClaimState::Void;
    let update = "UPDATE payments SET disputed = $2 WHERE payment_ref = $1";
    tx.execute_raw(sql(&*tx, update, [payment.payment_ref.clone().into(), disputed.into()])).await?;
    news::tell(app, &tx, payment.owner_ref, None, &[ChangeKind::Credits]).await?;
    tx.commit().await?;
    if state == ClaimState::Open && !payment.disputed {
        app.alarms.raise(Alarm::DisputeOpened, &format!("dispute {id}"), "answer it in time");
    }
    Ok(())
}

/// How far the dispute's claim is. An inquiry has taken no money, so it makes no claim until it becomes a dispute.
fn claim_state(dispute: &Dispute) -> Option<ClaimState> {
    match dispute.status.as_str() {
        "needs_response" | "under_review" => Some(ClaimState::Open),
        "won" | "warning_closed" => Some(ClaimState::Void),
        // An appeal follows a loss: the money is away until it is won.
        "lost" | "prevented" | "appeal_needs_response" | "appeal_under_review" => Some(ClaimState::Taken),
        "warning_needs_response" | "warning_under_review" => None,
        unknown => {
            tracing::warn!(dispute = dispute.id, unknown, "a dispute in a state that is not known");
            None
        }
    }
}
