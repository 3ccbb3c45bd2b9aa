//! Which parameters each endpoint of `2026-10-28.endive` knows at its top level. Anything else is refused, as Stripe does.
//!
//! Checked against the specification by a test; keys an endpoint knows but this stand-in does nothing with are accepted.

use super::refusal::Refusal;
use crate::form::Params;

const CHECKOUT_CREATE: &[&str] = &[
    "adaptive_pricing",
    "after_expiration",
    "allow_promotion_codes",
    "allowed_payment_method_types",
    "automatic_tax",
    "billing_address_collection",
    "branding_settings",
    "cancel_url",
    "client_reference_id",
    "consent_collection",
    "currency",
    "custom_fields",
    "custom_text",
    "customer",
    "customer_account",
    "customer_creation",
    "customer_email",
    "customer_update",
    "discounts",
    "excluded_payment_method_types",
    "expand",
    "expires_at",
    "integration_identifier",
    "invoice_creation",
    "line_items",
    "locale",
    "managed_payments",
    "metadata",
    "mode",
    "name_collection",
    "optional_items",
    "origin_context",
    "payment_intent_data",
    "payment_method_collection",
    "payment_method_configuration",
    "payment_method_data",
    "payment_method_options",
    "permissions",
    "phone_number_collection",
    "redirect_on_completion",
    "return_url",
    "saved_payment_method_options",
    "setup_intent_data",
    "shipping_address_collection",
    "shipping_options",
    "submit_type",
    "subscription_data",
    "success_url",
    "tax_id_collection",
    "ui_mode",
    "wallet_options",
];
const SUBSCRIPTION_UPDATE: &[&str] = &[
    "add_invoice_items",
    "application_fee_percent",
    "automatic_tax",
    "billing_cycle_anchor",
    "billing_schedules",
    "billing_thresholds",
    "cancel_at",
    "cancel_at_period_end",
    "cancellation_details",
    "collection_method",
    "days_until_due",
    "default_payment_method",
    "default_source",
    "default_tax_rates",
    "description",
    "discounts",
    "expand",
    "invoice_settings",
    "items",
    "metadata",
    "off_session",
    "on_behalf_of",
    "pause_collection",
    "payment_behavior",
    "payment_settings",
    "pending_invoice_item_interval",
    "proration_behavior",
    "proration_date",
    "transfer_data",
    "trial_end",
    "trial_from_plan",
    "trial_settings",
];
const CUSTOMER_CREATE: &[&str] = &[
    "address",
    "balance",
    "business_name",
    "cash_balance",
    "description",
    "email",
    "expand",
    "individual_name",
    "invoice_prefix",
    "invoice_settings",
    "metadata",
    "name",
    "next_invoice_sequence",
    "payment_method",
    "phone",
    "preferred_locales",
    "shipping",
    "source",
    "tax",
    "tax_exempt",
    "tax_id_data",
    "test_clock",
    "validate",
];

/// Method, path as in the specification, and the parameters.
pub(crate) const KNOWN: &[(&str, &str, &[&str])] = &[
    ("POST", "/v1/checkout/sessions", CHECKOUT_CREATE),
    (
        "GET",
        "/v1/checkout/sessions",
        &[
            "created",
            "customer",
            "customer_account",
            "customer_details",
            "ending_before",
            "expand",
            "limit",
            "payment_intent",
            "payment_link",
            "starting_after",
            "status",
            "subscription",
        ],
    ),
    ("GET", "/v1/checkout/sessions/{session}", &["expand"]),
    ("GET", "/v1/checkout/sessions/{session}/line_items", &["ending_before", "expand", "limit", "starting_after"]),
    ("POST", "/v1/checkout/sessions/{session}/expire", &["expand"]),
    (
        "POST",
        "/v1/billing_portal/sessions",
        &[
            "after_expiration",
            "configuration",
            "customer",
            "customer_account",
            "expand",
            "flow_data",
            "locale",
            "on_behalf_of",
            "return_url",
        ],
    ),
    (
        "POST",
        "/v1/billing_portal/configurations",
        &["business_profile", "default_return_url", "expand", "features", "login_page", "metadata", "name"],
    ),
    ("POST", "/v1/customers", CUSTOMER_CREATE),
    ("GET", "/v1/customers/{customer}", &["expand"]),
    ("DELETE", "/v1/customers/{customer}", &[]),
    ("GET", "/v1/subscriptions/{subscription_exposed_id}", &["expand"]),
    ("POST", "/v1/subscriptions/{subscription_exposed_id}", SUBSCRIPTION_UPDATE),
    (
        "DELETE",
        "/v1/subscriptions/{subscription_exposed_id}",
        &["cancellation_details", "expand", "invoice_now", "prorate"],
    ),
    (
        "GET",
        "/v1/subscriptions",
        &[
            "automatic_tax",
            "collection_method",
            "created",
            "current_period_end",
            "current_period_start",
            "customer",
            "customer_account",
            "ending_before",
            "expand",
            "limit",
            "plan",
            "price",
            "starting_after",
            "status",
            "test_clock",
        ],
    ),
    ("GET", "/v1/invoices/{invoice}", &["expand"]),
    (
        "GET",
        "/v1/invoice_payments",
        &["created", "ending_before", "expand", "invoice", "limit", "payment", "starting_after", "status"],
    ),
    ("GET", "/v1/payment_intents/{intent}", &["client_secret", "expand"]),
    ("GET", "/v1/charges/{charge}", &["expand"]),
    (
        "POST",
        "/v1/refunds",
        &[
            "amount",
            "charge",
            "currency",
            "customer",
            "expand",
            "instructions_email",
            "metadata",
            "origin",
            "payment_intent",
            "reason",
            "refund_application_fee",
            "reverse_transfer",
        ],
    ),
    (
        "GET",
        "/v1/refunds",
        &["charge", "created", "ending_before", "expand", "limit", "payment_intent", "starting_after"],
    ),
    ("GET", "/v1/disputes/{dispute}", &["expand"]),
    (
        "GET",
        "/v1/events",
        &["created", "delivery_success", "ending_before", "expand", "limit", "starting_after", "type", "types"],
    ),
    ("GET", "/v1/events/{id}", &["expand"]),
    (
        "GET",
        "/v1/prices",
        &[
            "active",
            "created",
            "currency",
            "ending_before",
            "expand",
            "limit",
            "lookup_keys",
            "product",
            "recurring",
            "starting_after",
            "type",
        ],
    ),
    (
        "POST",
        "/v1/prices",
        &[
            "active",
            "billing_scheme",
            "currency",
            "currency_options",
            "custom_unit_amount",
            "expand",
            "lookup_key",
            "metadata",
            "nickname",
            "product",
            "product_data",
            "recurring",
            "tax_behavior",
            "tiers",
            "tiers_mode",
            "transfer_lookup_key",
            "transform_quantity",
            "unit_amount",
            "unit_amount_decimal",
        ],
    ),
    (
        "POST",
        "/v1/products",
        &[
            "active",
            "default_price_data",
            "description",
            "expand",
            "id",
            "images",
            "marketing_features",
            "metadata",
            "name",
            "package_dimensions",
            "shippable",
            "statement_descriptor",
            "tax_code",
            "tax_details",
            "type",
            "unit_label",
            "url",
        ],
    ),
    (
        "POST",
        "/v1/webhook_endpoints",
        &["api_version", "connect", "description", "enabled_events", "expand", "metadata", "url"],
    ),
    ("POST", "/v1/test_helpers/test_clocks", &["customer", "expand", "frozen_time", "name"]),
    ("POST", "/v1/test_helpers/test_clocks/{test_clock}/advance", &["expand", "frozen_time"]),
    ("DELETE", "/v1/test_helpers/test_clocks/{test_clock}", &[]),
];

/// Refuses the first parameter that the endpoint does not know. Endpoints outside the list are not checked.
pub(crate) fn check(method: &str, path: &str, params: &Params) -> Result<(), Refusal> {
    let fits = |pattern: &str| {
        let (mut wanted, mut given) = (pattern.split('/'), path.split('/'));
        loop {
            match (wanted.next(), given.next()) {
                (None, None) => return true,
                (Some(want), Some(have)) if want == have || want.starts_with('{') => {}
                _ => return false,
            }
        }
    };
    let Some((_, _, known)) = KNOWN.iter().find(|(verb, pattern, _)| *verb == method && fits(pattern)) else {
        return Ok(());
    };
    match params.names().find(|name| !known.contains(name)) {
        Some(unknown) => Err(Refusal::unknown_parameter(unknown)),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_parameter_of_an_older_version_is_refused() {
        let params = Params::read(b"mode=payment&payment_method_types[0]=card").unwrap();
        let refusal = check("POST", "/v1/checkout/sessions", &params).unwrap_err();
        assert_eq!(refusal.param.as_deref(), Some("payment_method_types"));
        assert_eq!(refusal.code, Some("parameter_unknown"));
        assert!(check("POST", "/v1/checkout/sessions/cs_1/expire", &Params::default()).is_ok());
    }
}
