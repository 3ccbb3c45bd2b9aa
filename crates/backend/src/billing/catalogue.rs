//! What is sold: the configured catalogue, as people see it and as orders copy it.

use crate::settings::{Catalogue, Pack, Plan, Settings};
use crate::store::entity::order::ProductKind;
use pretty_contract::service::billing as wire;

/// A product with what an order needs to know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Product {
    /// Names it for good.
    pub code: String,
    /// For people.
    pub name: String,
    /// What kind.
    pub kind: ProductKind,
    /// `price_…`
    pub stripe_price: String,
    /// Minor units.
    pub amount: i64,
    /// What each payment brings.
    pub credits: i64,
}

fn products(catalogue: &Catalogue) -> impl Iterator<Item = Product> {
    let packs = catalogue.packs.iter().map(|pack| Product {
        code: pack.code.clone(),
        name: pack.name.clone(),
        kind: ProductKind::Pack,
        stripe_price: pack.stripe_price.clone(),
        amount: pack.price_minor,
        credits: pack.credits,
    });
    let plans = catalogue.plans.iter().map(|plan| Product {
        code: plan.code.clone(),
        name: plan.name.clone(),
        kind: ProductKind::Plan,
        stripe_price: plan.stripe_price.clone(),
        amount: plan.price_minor,
        credits: plan.credits_monthly,
    });
    packs.chain(plans)
}

/// The product with this code.
pub fn find(settings: &Settings, code: &str) -> Option<Product> {
    products(&settings.catalogue).find(|product| product.code == code)
}

/// The plan with this price.
pub fn plan_of_price(settings: &Settings, price: &str) -> Option<Product> {
    products(&settings.catalogue).find(|product| product.kind == ProductKind::Plan && product.stripe_price == price)
}

/// As programs see it.
pub fn shown(settings: &Settings) -> wire::Catalogue {
    let catalogue = &settings.catalogue;
    let pack = |pack: &Pack| wire::Pack {
        code: pack.code.clone(),
        name: pack.name.clone(),
        credits: pack.credits,
        price_minor: pack.price_minor,
    };
    let plan = |plan: &Plan| wire::Plan {
        code: plan.code.clone(),
        name: plan.name.clone(),
        credits_monthly: plan.credits_monthly,
        price_minor: plan.price_minor,
        interval: "month".to_owned(),
    };
    wire::Catalogue {
        currency: catalogue.currency.clone(),
        packs: catalogue.packs.iter().map(pack).collect(),
        plans: catalogue.plans.iter().map(plan).collect(),
    }
}

/// What the sandbox sells: the prices that its stand-in for Stripe has from the start.
pub fn of_sandbox() -> Catalogue {
    let pack = |code: &str, name: &str, credits, price_minor| Pack {
        code: code.to_owned(),
        name: name.to_owned(),
        stripe_price: format!("price_sandbox_{code}"),
        credits,
        price_minor,
    };
    let pro = Plan {
        code: "pro_month".to_owned(),
        name: "Pro".to_owned(),
        stripe_price: "price_sandbox_pro_month".to_owned(),
        credits_monthly: 200,
        price_minor: 900,
    };
    let packs = vec![pack("pack_small", "100 credits", 100, 500), pack("pack_large", "500 credits", 500, 2_000)];
    Catalogue { currency: "usd".to_owned(), packs, plans: vec![pro] }
}
