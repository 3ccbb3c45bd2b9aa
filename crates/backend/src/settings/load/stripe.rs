//! Checks what is said about payments: secrets that belong to the key, and a catalogue that can be sold. Whether key and address belong
//! together is checked in `mode`.

use super::SettingsError;
use crate::settings::{Catalogue, Settings};
use std::collections::BTreeSet;

/// Refuses the first value that cannot be.
pub(super) fn check(settings: &Settings) -> Result<(), SettingsError> {
    let refuse = |key, reason: &str| Err(SettingsError::Refused { key, reason: reason.to_owned() });
    let stripe = &settings.stripe;
    let (key, secret) = (stripe.secret_key.reveal(), stripe.webhook_secret.reveal());
    if key.is_empty() {
        let unused = settings.catalogue.packs.is_empty() && settings.catalogue.plans.is_empty();
        return if unused { Ok(()) } else { refuse("stripe.secret_key", "is missing although there are products") };
    }
    if !["sk_live_", "sk_test_", "rk_live_", "rk_test_"].iter().any(|beginning| key.starts_with(beginning)) {
        return refuse("stripe.secret_key", "must begin with sk_live_, sk_test_, rk_live_ or rk_test_");
    }
    if secret.is_empty() {
        return refuse("stripe.webhook_secret", "is missing although stripe.secret_key is set");
    }
    for (name, secret) in
        [("stripe.webhook_secret", secret), ("stripe.webhook_secret_before", stripe.webhook_secret_before.reveal())]
    {
        if !secret.is_empty() && !secret.starts_with("whsec_") {
            return refuse(name, "must begin with whsec_");
        }
        if !secret.is_empty() && secret.contains("sandbox") != key.contains("sandbox") {
            return refuse(name, "is of the sandbox and the key is not, or the other way round: they are never mixed");
        }
    }
    if stripe.withdrawal_days < 14 {
        return refuse("stripe.withdrawal_days", "must be at least 14: the law says so");
    }
    check_catalogue(&settings.catalogue)
}

fn check_catalogue(catalogue: &Catalogue) -> Result<(), SettingsError> {
    let refuse = |key, reason: String| Err(SettingsError::Refused { key, reason });
    if catalogue.currency.len() != 3 || !catalogue.currency.bytes().all(|byte| byte.is_ascii_lowercase()) {
        return refuse("catalogue.currency", "must be three small letters, for example usd".to_owned());
    }
    let packs = catalogue
        .packs
        .iter()
        .map(|pack| ("catalogue.packs", &pack.code, &pack.name, &pack.stripe_price, pack.credits, pack.price_minor));
    let plans = catalogue.plans.iter().map(|plan| {
        ("catalogue.plans", &plan.code, &plan.name, &plan.stripe_price, plan.credits_monthly, plan.price_minor)
    });
    let (mut codes, mut prices) = (BTreeSet::new(), BTreeSet::new());
    for (key, code, name, price, credits, amount) in packs.chain(plans) {
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
        if code.is_empty() || code.len() > 40 || !code.chars().all(plain) {
            return refuse(key, format!("has the code {code:?}; codes are small letters, digits and _"));
        }
        if name.trim().is_empty() || !price.starts_with("price_") {
            return refuse(key, format!("needs a name and a stripe_price that begins with price_ for {code}"));
        }
        if !(1..=1_000_000).contains(&credits) || !(1..=99_999_999).contains(&amount) {
            return refuse(key, format!("has credits or a price that cannot be for {code}"));
        }
        if !codes.insert(code) || !prices.insert(price) {
            return refuse(key, format!("has the code or the price of {code} twice"));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::settings::load::{Overrides, load};

    const GOOD: [(&str, &str); 5] = [
        ("BASE_URL", "http://127.0.0.1:9"),
        ("SECRET_KEY", "sk_test_sandbox_1"),
        ("WEBHOOK_SECRET", "whsec_sandbox_1"),
        (
            "PACKS",
            "[{ code = \"small\", name = \"Small\", stripe_price = \"price_1\", credits = 100, price_minor = 500 }]",
        ),
        (
            "PLANS",
            "[{ code = \"pro\", name = \"Pro\", stripe_price = \"price_2\", credits_monthly = 200, price_minor = 900 }]",
        ),
    ];

    fn with(name: &str, value: &str) -> Result<(), String> {
        let mut variables: std::collections::BTreeMap<&str, &str> = GOOD.into_iter().collect();
        variables.insert(name, value);
        let section = |name: &str| if matches!(name, "PACKS" | "PLANS" | "CURRENCY") { "CATALOGUE" } else { "STRIPE" };
        let variables = variables.into_iter().map(|(k, v)| (format!("PRETTY__{}__{k}", section(k)), v.to_owned()));
        load(None, variables, &Overrides::default()).map(|_| ()).map_err(|error| error.to_string())
    }

    #[test]
    fn what_belongs_together_is_taken() {
        assert_eq!(with("CURRENCY", "eur"), Ok(()));
        assert_eq!(with("WEBHOOK_SECRET_BEFORE", "whsec_sandbox_0"), Ok(()));
    }

    #[test]
    fn sandbox_and_live_are_never_mixed_and_each_fault_names_its_key() {
        for (name, value, key) in [
            ("SECRET_KEY", "sk_live_1", "stripe.base_url"),
            ("SECRET_KEY", "sk_test_1", "stripe.base_url"),
            ("BASE_URL", "https://api.stripe.com", "stripe.base_url"),
            ("BASE_URL", "http://10.0.0.1", "stripe.base_url"),
            ("SECRET_KEY", "pk_test_sandbox_1", "stripe.secret_key"),
            ("SECRET_KEY", "", "stripe.secret_key"),
            ("WEBHOOK_SECRET", "", "stripe.webhook_secret"),
            ("WEBHOOK_SECRET", "whsec_1", "stripe.webhook_secret"),
            ("WEBHOOK_SECRET_BEFORE", "whsec_1", "stripe.webhook_secret_before"),
            ("WITHDRAWAL_DAYS", "13", "stripe.withdrawal_days"),
            ("CURRENCY", "USD", "catalogue.currency"),
            ("PACKS", "[{ code = \"a\" }]", "catalogue.packs"),
            (
                "PLANS",
                "[{ code = \"small\", name = \"Pro\", stripe_price = \"price_2\", credits_monthly = 1, price_minor = 9 }]",
                "catalogue.plans",
            ),
            (
                "PLANS",
                "[{ code = \"pro\", name = \"Pro\", stripe_price = \"price_2\", credits_monthly = 0, price_minor = 9 }]",
                "catalogue.plans",
            ),
            (
                "PLANS",
                "[{ code = \"P\", name = \"Pro\", stripe_price = \"price_2\", credits_monthly = 1, price_minor = 9 }]",
                "catalogue.plans",
            ),
            (
                "PLANS",
                "[{ code = \"pro\", name = \"Pro\", stripe_price = \"prod_2\", credits_monthly = 1, price_minor = 9 }]",
                "catalogue.plans",
            ),
            ("PLANS", "[{ code = \"pro\", speed = 1 }]", "catalogue.plans"),
        ] {
            let fault = with(name, value).unwrap_err();
            assert!(fault.contains(&format!("`{key}`")), "{name} = {value}: {fault}");
        }
    }
}
