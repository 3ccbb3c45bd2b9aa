//! What the Stripe stand-in knows: its objects as the JSON it answers with, and the few facts those do not hold.
//!
//! `Work` is one locked step on that state; the events it makes are delivered after the lock is gone.

use std::collections::{HashMap, HashSet};

use serde_json::{Map, Value, json};

use super::refusal::Refusal;
use crate::ids::Ids;

/// The only version this stand-in renders.
pub(crate) const API_VERSION: &str = "2026-10-28.endive";

/// One object and its place in the order of creation.
#[derive(Debug)]
struct Row {
    order: u64,
    value: Value,
}

/// What was asked for at a session's creation and is needed when it is paid.
#[derive(Clone, Debug, Default)]
pub(crate) struct SessionPlan {
    pub(crate) intent_metadata: Map<String, Value>,
    pub(crate) intent_description: Option<String>,
    pub(crate) subscription_metadata: Map<String, Value>,
    pub(crate) lines: Vec<Value>,
    pub(crate) declined: u32,
}

#[derive(Debug, Default)]
pub(crate) struct StripeState {
    rows: HashMap<String, Row>,
    made: u64,
    pub(crate) plans: HashMap<String, SessionPlan>,
    /// Customers whose saved card is declined at the next charge.
    pub(crate) failing_cards: HashSet<String>,
    /// Unpaid invoices: attempts made and when the next one is due.
    pub(crate) dunning: HashMap<String, (u32, i64)>,
    pub(crate) endpoint_secrets: HashMap<String, String>,
}

impl StripeState {
    pub(crate) fn get(&self, id: &str) -> Option<&Value> {
        self.rows.get(id).map(|row| &row.value)
    }

    pub(crate) fn put(&mut self, value: Value) {
        let Some(id) = value["id"].as_str().map(str::to_owned) else { return };
        let order = match self.rows.get(&id) {
            Some(row) => row.order,
            None => {
                self.made += 1;
                self.made
            }
        };
        self.rows.insert(id, Row { order, value });
    }

    pub(crate) fn remove(&mut self, id: &str) -> Option<Value> {
        self.rows.remove(id).map(|row| row.value)
    }

    /// All objects of a kind, newest first.
    pub(crate) fn all(&self, kind: &str) -> Vec<&Value> {
        let mut rows: Vec<&Row> = self.rows.values().filter(|row| row.value["object"] == kind).collect();
        rows.sort_unstable_by_key(|row| std::cmp::Reverse(row.order));
        rows.into_iter().map(|row| &row.value).collect()
    }

    pub(crate) fn ids_of(&self, kind: &str) -> Vec<String> {
        self.all(kind).iter().rev().filter_map(|value| value["id"].as_str().map(str::to_owned)).collect()
    }
}

/// One step on the state.
pub(crate) struct Work<'a> {
    pub(crate) state: &'a mut StripeState,
    pub(crate) ids: &'a Ids,
    /// Seconds since 1970 by the sandbox's clock; a customer's test clock may differ, see `now_for`.
    pub(crate) now: i64,
    pub(crate) base_url: &'a str,
    pub(crate) request_id: Option<String>,
    pub(crate) idempotency_key: Option<String>,
    pub(crate) events: Vec<Value>,
}

impl Work<'_> {
    /// The object with this id and kind, or Stripe's refusal that names `param`.
    pub(crate) fn find(&self, kind: &str, id: &str, param: &str) -> Result<Value, Refusal> {
        match self.state.get(id) {
            Some(value) if value["object"] == kind => Ok(value.clone()),
            _ => Err(Refusal::not_found(kind, id, param)),
        }
    }

    /// What time it is for this customer: their test clock's time when they have one.
    pub(crate) fn now_for(&self, customer: &Value) -> i64 {
        customer
            .as_str()
            .and_then(|id| self.state.get(id))
            .and_then(|customer| customer["test_clock"].as_str())
            .and_then(|clock| self.state.get(clock))
            .and_then(|clock| clock["frozen_time"].as_i64())
            .unwrap_or(self.now)
    }

    /// Stores an object and makes the event that says so.
    pub(crate) fn put_and_tell(&mut self, kind: &str, value: Value) {
        self.tell(kind, &value, None);
        self.state.put(value);
    }

    /// Changes an object by a merge patch and makes the event with the previous attributes.
    pub(crate) fn change(&mut self, id: &str, patch: &Value, event: Option<&str>) -> Option<Value> {
        let mut value = self.state.get(id)?.clone();
        let mut previous = Map::new();
        for (key, new) in patch.as_object()? {
            if value.get(key) != Some(new) {
                previous.insert(key.clone(), value.get(key).cloned().unwrap_or(Value::Null));
            }
            // Unlike a merge patch, null is a value here: Stripe answers with nulls.
            value[key.as_str()] = new.clone();
        }
        self.state.put(value.clone());
        if let Some(event) = event {
            self.tell(event, &value, Some(Value::Object(previous)));
        }
        Some(value)
    }

    /// Makes an event about `object` as it is now.
    pub(crate) fn tell(&mut self, kind: &str, object: &Value, previous: Option<Value>) {
        let mut data = json!({ "object": object });
        if let Some(previous) = previous {
            data["previous_attributes"] = previous;
        }
        let event = json!({
            "id": self.ids.mixed("evt_1Sbx", 20),
            "object": "event",
            "api_version": API_VERSION,
            "created": self.now,
            "data": data,
            "livemode": false,
            "pending_webhooks": 1,
            "request": { "id": self.request_id, "idempotency_key": self.idempotency_key },
            "type": kind,
        });
        self.state.put(event.clone());
        self.events.push(event);
    }
}
