//! Refunds and disputes.

use serde_json::{Value, json};

use super::lists::not_a_number;
use super::paying::balance_transaction;
use super::refusal::Refusal;
use super::state::Work;
use crate::form::Params;

pub(crate) fn create(work: &mut Work<'_>, params: &Params) -> Result<Value, Refusal> {
    let charge_id = match (params.text("charge"), params.text("payment_intent")) {
        (Some(_), Some(_)) => {
            return Err(Refusal::invalid("You may only specify one of these parameters: charge, payment_intent."));
        }
        (Some(id), None) => id.to_owned(),
        (None, Some(id)) => {
            let intent = work.find("payment_intent", id, "payment_intent")?;
            let text = "This PaymentIntent does not have a successful charge to refund.";
            intent["latest_charge"]
                .as_str()
                .map(str::to_owned)
                .ok_or_else(|| Refusal::invalid(text).param("payment_intent"))?
        }
        (None, None) => return Err(Refusal::missing("charge")),
    };
    let charge = work.find("charge", &charge_id, "charge")?;
    let left = charge["amount_captured"].as_i64().unwrap_or(0) - charge["amount_refunded"].as_i64().unwrap_or(0);
    let amount = params.number("amount").map_err(|text| not_a_number("amount", &text))?.unwrap_or(left);
    if left <= 0 {
        let text = format!("Charge {charge_id} has already been refunded.");
        return Err(Refusal::invalid(text).code("charge_already_refunded"));
    }
    if charge["disputed"] == true {
        let text = format!("Charge {charge_id} has been charged back; cannot issue a refund.");
        return Err(Refusal::invalid(text).code("charge_disputed"));
    }
    if amount <= 0 || amount > left {
        let text = format!("Refund amount ({amount}) is greater than unrefunded amount on charge ({left})");
        return Err(Refusal::invalid(text).code("amount_too_large").param("amount"));
    }
    if params
        .text("reason")
        .is_some_and(|reason| !["duplicate", "fraudulent", "requested_by_customer"].contains(&reason))
    {
        return Err(Refusal::invalid("Invalid reason: must be one of duplicate, fraudulent, or requested_by_customer")
            .param("reason"));
    }
    let id = work.ids.mixed("re_3Sbx", 20);
    let created = work.now_for(&charge["customer"]);
    let transaction = balance_transaction(work, &id, -amount, &charge["currency"], "refund", created);
    let refund = json!({
        "id": id, "object": "refund", "amount": amount, "balance_transaction": transaction, "charge": charge_id,
        "created": created, "currency": charge["currency"],
        "destination_details": { "card": { "type": "refund" }, "type": "card" }, "metadata": params.object("metadata"),
        "payment_intent": charge["payment_intent"], "reason": params.text("reason"), "receipt_number": null,
        "source_transfer_reversal": null, "status": "succeeded", "transfer_reversal": null,
    });
    work.put_and_tell("refund.created", refund.clone());
    note_on_charge(work, &charge_id, amount);
    Ok(refund)
}

fn note_on_charge(work: &mut Work<'_>, charge_id: &str, more: i64) {
    let Some(charge) = work.state.get(charge_id) else { return };
    let refunded = charge["amount_refunded"].as_i64().unwrap_or(0) + more;
    let whole = charge["amount_captured"].as_i64() == Some(refunded);
    let patch = json!({ "amount_refunded": refunded, "refunded": whole });
    let event = if more > 0 { Some("charge.refunded") } else { None };
    work.change(charge_id, &patch, event);
}

/// A refund that seemed to work and then did not: the bank sent the money back.
pub(crate) fn fail(work: &mut Work<'_>, id: &str) -> Result<Value, Refusal> {
    let refund = work.find("refund", id, "refund")?;
    if refund["status"] == "failed" {
        return Err(Refusal::invalid("This refund has failed already."));
    }
    let patch = json!({ "status": "failed", "failure_reason": "lost_or_stolen_card" });
    let failed =
        work.change(id, &patch, Some("refund.updated")).ok_or_else(|| Refusal::not_found("refund", id, "refund"))?;
    work.tell("refund.failed", &failed, None);
    let charge = refund["charge"].as_str().unwrap_or_default().to_owned();
    note_on_charge(work, &charge, -refund["amount"].as_i64().unwrap_or(0));
    Ok(failed)
}

/// A cardholder disputes a charge. `status` is the state it starts in, such as `needs_response` or `warning_needs_response`.
pub(crate) fn dispute(work: &mut Work<'_>, charge_id: &str, status: &str) -> Result<Value, Refusal> {
    let charge = work.find("charge", charge_id, "charge")?;
    let id = work.ids.mixed("dp_1Sbx", 20);
    let created = work.now_for(&charge["customer"]);
    let amount = charge["amount"].as_i64().unwrap_or(0);
    let withdrawn = !status.starts_with("warning");
    let transactions = if withdrawn {
        let transaction = balance_transaction(work, &id, -amount, &charge["currency"], "adjustment", created);
        vec![transaction.as_str().and_then(|id| work.state.get(id)).cloned().unwrap_or(Value::Null)]
    } else {
        Vec::new()
    };
    let dispute = json!({
        "id": id, "object": "dispute", "amount": amount, "balance_transactions": transactions, "charge": charge_id,
        "created": created, "currency": charge["currency"], "enhanced_eligibility_types": [],
        "evidence": { "enhanced_evidence": {} },
        "evidence_details": {
            "due_by": created + 7 * 86_400, "enhanced_eligibility": {}, "has_evidence": false, "past_due": false,
            "submission_count": 0, "submission_method": "manual",
        },
        "is_charge_refundable": !withdrawn, "livemode": false, "metadata": {}, "payment_intent": charge["payment_intent"],
        "payment_method_details": { "card": { "brand": "visa", "case_type": "chargeback", "network_reason_code": "10.4" }, "type": "card" },
        "reason": "fraudulent", "status": status,
    });
    work.put_and_tell("charge.dispute.created", dispute.clone());
    if withdrawn {
        work.change(charge_id, &json!({ "disputed": true }), Some("charge.updated"));
        work.tell("charge.dispute.funds_withdrawn", &dispute, None);
    }
    Ok(dispute)
}

/// Moves a dispute; `won`, `lost`, `prevented` and `warning_closed` end it.
pub(crate) fn move_dispute(work: &mut Work<'_>, id: &str, status: &str) -> Result<Value, Refusal> {
    work.find("dispute", id, "dispute")?;
    let ended = matches!(status, "won" | "lost" | "prevented" | "warning_closed");
    let event = if ended { "charge.dispute.closed" } else { "charge.dispute.updated" };
    let dispute = work
        .change(id, &json!({ "status": status }), Some(event))
        .ok_or_else(|| Refusal::not_found("dispute", id, "dispute"))?;
    if status == "won" {
        work.tell("charge.dispute.funds_reinstated", &dispute, None);
        let charge = dispute["charge"].as_str().unwrap_or_default().to_owned();
        work.change(&charge, &json!({ "disputed": false }), Some("charge.updated"));
    }
    Ok(dispute)
}

/// Stripe's warning that a charge will probably be disputed.
pub(crate) fn early_fraud_warning(work: &mut Work<'_>, charge_id: &str) -> Result<Value, Refusal> {
    work.find("charge", charge_id, "charge")?;
    let warning = json!({
        "id": work.ids.mixed("issfr_1Sbx", 20), "object": "radar.early_fraud_warning", "actionable": true,
        "charge": charge_id, "created": work.now, "fraud_type": "misc", "livemode": false,
    });
    work.put_and_tell("radar.early_fraud_warning.created", warning.clone());
    Ok(warning)
}
