//! Bodies in the form Stripe reads: `application/x-www-form-urlencoded` with brackets, such as `line_items[0][price]=price_1`.
//!
//! Every leaf stays text, as on the wire; the readers on `Params` give numbers and switches where a parameter is one.

use std::fmt::Write as _;

use serde_json::{Map, Value};

/// How deep brackets may nest, and how many pairs a body may hold.
const DEEPEST: usize = 8;
const MOST_PAIRS: usize = 1_000;

/// A body or a query that was read.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Params(Map<String, Value>);

/// What is wrong with a body, in the words of the answer.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum FormError {
    #[error("the body has more than {MOST_PAIRS} parameters")]
    TooMany,
    #[error("{0} nests too deep")]
    TooDeep(String),
    #[error("{0} is not a well-formed parameter name")]
    Name(String),
    #[error("{0} is given both as a value and as an object")]
    Conflict(String),
}

impl Params {
    /// Reads a body or a query string.
    pub(crate) fn read(encoded: &[u8]) -> Result<Self, FormError> {
        let mut root = Map::new();
        for (count, (name, value)) in url::form_urlencoded::parse(encoded).enumerate() {
            if count >= MOST_PAIRS {
                return Err(FormError::TooMany);
            }
            let keys = split_name(&name)?;
            insert(&mut root, &name, &keys, value.into_owned())?;
        }
        let mut params = Self(root);
        params.0.values_mut().for_each(fold_lists);
        Ok(params)
    }

    /// The names at the top.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// The value at a path whose parts are separated by dots.
    pub(crate) fn get(&self, path: &str) -> Option<&Value> {
        let mut parts = path.split('.');
        let mut value = self.0.get(parts.next()?)?;
        for part in parts {
            value = match value {
                Value::Object(map) => map.get(part)?,
                Value::Array(list) => list.get(part.parse::<usize>().ok()?)?,
                _ => return None,
            };
        }
        Some(value)
    }

    /// Text that is not empty.
    pub(crate) fn text(&self, path: &str) -> Option<&str> {
        self.get(path).and_then(Value::as_str).filter(|text| !text.is_empty())
    }

    /// A whole number; `Err` holds the text that is not one.
    pub(crate) fn number(&self, path: &str) -> Result<Option<i64>, String> {
        self.text(path).map(|text| text.parse().map_err(|_| text.to_owned())).transpose()
    }

    /// `true` or `false`.
    pub(crate) fn switch(&self, path: &str) -> Option<bool> {
        self.text(path).and_then(|text| text.parse().ok())
    }

    /// The elements of a list; a single value counts as a list of one.
    pub(crate) fn list(&self, path: &str) -> Vec<Value> {
        match self.get(path) {
            Some(Value::Array(list)) => list.clone(),
            Some(Value::Null) | None => Vec::new(),
            Some(one) => vec![one.clone()],
        }
    }

    /// An object of text to text, such as `metadata`.
    pub(crate) fn object(&self, path: &str) -> Map<String, Value> {
        self.get(path).and_then(Value::as_object).cloned().unwrap_or_default()
    }
}

fn split_name(name: &str) -> Result<Vec<String>, FormError> {
    let malformed = || FormError::Name(name.to_owned());
    let (first, rest) = name.find('[').map_or((name, ""), |at| name.split_at(at));
    if first.is_empty() {
        return Err(malformed());
    }
    let mut keys = vec![first.to_owned()];
    let mut rest = rest;
    while !rest.is_empty() {
        let inner = rest.strip_prefix('[').ok_or_else(malformed)?;
        let end = inner.find(']').ok_or_else(malformed)?;
        keys.push(inner[..end].to_owned());
        rest = &inner[end + 1..];
        if keys.len() > DEEPEST {
            return Err(FormError::TooDeep(name.to_owned()));
        }
    }
    Ok(keys)
}

fn insert(map: &mut Map<String, Value>, name: &str, keys: &[String], value: String) -> Result<(), FormError> {
    let [key, rest @ ..] = keys else { return Err(FormError::Name(name.to_owned())) };
    let key = if key.is_empty() { map.len().to_string() } else { key.clone() };
    if rest.is_empty() {
        return match map.insert(key, Value::String(value)) {
            Some(Value::Object(_)) => Err(FormError::Conflict(name.to_owned())),
            _ => Ok(()),
        };
    }
    match map.entry(key).or_insert_with(|| Value::Object(Map::new())) {
        Value::Object(inner) => insert(inner, name, rest, value),
        _ => Err(FormError::Conflict(name.to_owned())),
    }
}

/// Turns objects whose keys are all whole numbers into lists, from the inside out.
fn fold_lists(value: &mut Value) {
    let Value::Object(map) = value else { return };
    map.values_mut().for_each(fold_lists);
    let mut numbered: Vec<(usize, String)> = Vec::with_capacity(map.len());
    for key in map.keys() {
        match key.parse::<usize>() {
            Ok(index) => numbered.push((index, key.clone())),
            Err(_) => return,
        }
    }
    if numbered.is_empty() {
        return;
    }
    numbered.sort_unstable();
    let list = numbered.iter().filter_map(|(_, key)| map.remove(key)).collect();
    *value = Value::Array(list);
}

/// Writes pairs as a query string.
pub(crate) fn query(pairs: &[(&str, &str)]) -> String {
    let mut text = String::new();
    for (name, value) in pairs {
        let separator = if text.is_empty() { "" } else { "&" };
        let encode = |raw: &str| url::form_urlencoded::byte_serialize(raw.as_bytes()).collect::<String>();
        let _ = write!(text, "{separator}{}={}", encode(name), encode(value));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn brackets_become_objects_and_lists() {
        let params = Params::read(
            b"mode=payment&line_items[0][price]=p_1&line_items[0][quantity]=2&line_items[1][price]=p_2\
              &metadata[order_id]=ord+1&expand[]=customer&expand[]=line_items&empty=",
        )
        .unwrap();
        assert_eq!(params.text("mode"), Some("payment"));
        assert_eq!(params.text("line_items.1.price"), Some("p_2"));
        assert_eq!(params.number("line_items.0.quantity"), Ok(Some(2)));
        assert_eq!(Value::Object(params.object("metadata")), json!({"order_id": "ord 1"}));
        assert_eq!(params.list("expand"), vec![json!("customer"), json!("line_items")]);
        assert_eq!(params.text("empty"), None);
        assert_eq!(params.number("mode"), Err("payment".to_owned()));
    }

    #[test]
    fn malformed_names_are_refused() {
        for body in ["[a]=1", "a[b=1", "a[b]c=1", "a[b][c][d][e][f][g][h][i][j]=1", "a=1&a[b]=2", "a[b]=2&a=1"] {
            assert!(Params::read(body.as_bytes()).is_err(), "{body}");
        }
        let many = "a=1&".repeat(MOST_PAIRS + 1);
        assert_eq!(Params::read(many.as_bytes()), Err(FormError::TooMany));
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(body in proptest::collection::vec(proptest::num::u8::ANY, 0..300)) {
            let _ = Params::read(&body);
        }

        #[test]
        fn a_query_that_is_written_is_read_again(name in "[a-z]{1,8}", value in "\\PC{1,20}") {
            let params = Params::read(query(&[(&name, &value)]).as_bytes()).unwrap();
            proptest::prop_assert_eq!(params.text(&name), Some(value.as_str()));
        }
    }
}
