//! Products and prices.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::lists::not_a_number;
use super::refusal::Refusal;
use super::state::Work;
use crate::form::Params;

/// A price that exists from the start, so that a configuration can name it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PriceSeed {
    /// The price's id, such as `price_sandbox_pack_100`.
    pub id: String,
    /// What is sold, as the checkout page shows it.
    pub product_name: String,
    /// Three letters, lower case.
    pub currency: String,
    /// In the currency's minor unit.
    pub unit_amount: i64,
    /// `month` or `year` for a subscription; absent for a one-time purchase.
    #[serde(default)]
    pub interval: Option<String>,
}

pub(crate) fn seed(work: &mut Work<'_>, seed: &PriceSeed) {
    let product = product_value(work, &work.ids.mixed("prod_", 14), &seed.product_name, &Params::default());
    let recurring = seed.interval.as_ref().map_or(Value::Null, |interval| recurring_value(interval, 1));
    let price = price_value(
        &seed.id,
        work.now,
        &product["id"],
        &seed.currency,
        seed.unit_amount,
        recurring,
        json!({}),
        Value::Null,
    );
    work.state.put(product);
    work.state.put(price);
}

pub(crate) fn create_product(work: &mut Work<'_>, params: &Params) -> Result<Value, Refusal> {
    let name = params.text("name").ok_or_else(|| Refusal::missing("name"))?;
    let id = params.text("id").map_or_else(|| work.ids.mixed("prod_", 14), str::to_owned);
    if work.state.get(&id).is_some() {
        return Err(Refusal::invalid("Product already exists.").code("resource_already_exists").param("id"));
    }
    let product = product_value(work, &id, name, params);
    work.put_and_tell("product.created", product.clone());
    Ok(product)
}

pub(crate) fn create_price(work: &mut Work<'_>, params: &Params) -> Result<Value, Refusal> {
    let currency = params.text("currency").ok_or_else(|| Refusal::missing("currency"))?.to_lowercase();
    let amount = params
        .number("unit_amount")
        .map_err(|text| not_a_number("unit_amount", &text))?
        .filter(|amount| *amount >= 0)
        .ok_or_else(|| Refusal::missing("unit_amount"))?;
    let product = match (params.text("product"), params.text("product_data.name")) {
        (Some(id), _) => work.find("product", id, "product")?,
        (None, Some(name)) => {
            let product = product_value(work, &work.ids.mixed("prod_", 14), name, &Params::default());
            work.put_and_tell("product.created", product.clone());
            product
        }
        (None, None) => return Err(Refusal::missing("product")),
    };
    let recurring = match params.text("recurring.interval") {
        Some(interval @ ("day" | "week" | "month" | "year")) => {
            let count = params.number("recurring.interval_count").map_err(|text| not_a_number("recurring", &text))?;
            recurring_value(interval, count.unwrap_or(1))
        }
        Some(other) => return Err(Refusal::invalid(format!("Invalid recurring[interval]: {other}")).param("recurring")),
        None => Value::Null,
    };
    let lookup_key = params.text("lookup_key").map_or(Value::Null, |key| json!(key));
    let id = work.ids.mixed("price_1Sbx", 20);
    let metadata = Value::Object(params.object("metadata"));
    let price = price_value(&id, work.now, &product["id"], &currency, amount, recurring, metadata, lookup_key);
    work.put_and_tell("price.created", price.clone());
    Ok(price)
}

fn product_value(work: &Work<'_>, id: &str, name: &str, params: &Params) -> Value {
    json!({
        "id": id, "object": "product", "active": params.switch("active").unwrap_or(true), "created": work.now,
        "default_price": null, "description": params.text("description"), "images": [], "livemode": false,
        "marketing_features": [], "metadata": params.object("metadata"), "name": name, "package_dimensions": null,
        "shippable": null, "statement_descriptor": null, "tax_code": null, "type": "service", "unit_label": null,
        "updated": work.now, "url": null,
    })
}

fn recurring_value(interval: &str, count: i64) -> Value {
    json!({ "interval": interval, "interval_count": count, "meter": null, "trial_period_days": null, "usage_type": "licensed" })
}

#[expect(clippy::too_many_arguments, reason = "one argument for each field that differs; used by three callers here")]
pub(crate) fn price_value(
    id: &str,
    created: i64,
    product: &Value,
    currency: &str,
    unit_amount: i64,
    recurring: Value,
    metadata: Value,
    lookup_key: Value,
) -> Value {
    let kind = if recurring.is_null() { "one_time" } else { "recurring" };
    json!({
        "id": id, "object": "price", "active": true, "billing_scheme": "per_unit", "created": created,
        "currency": currency, "custom_unit_amount": null, "livemode": false, "lookup_key": lookup_key,
        "metadata": metadata, "nickname": null, "product": product, "recurring": recurring,
        "tax_behavior": "unspecified", "tiers_mode": null, "transform_quantity": null, "type": kind,
        "unit_amount": unit_amount, "unit_amount_decimal": unit_amount.to_string(),
    })
}
