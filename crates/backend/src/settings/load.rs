//! Defaults, then a file, then the environment, into [`Settings`]; every fault names the key and where it was read.
//!
//! Written here rather than taken from a configuration crate, because a service that takes money must say which key is wrong and where:
//! the defaults double as the list of keys and of their types.

mod stripe;

use super::Settings;
use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;
use toml::{Table, Value};

const DEFAULTS: &str = include_str!("../../default.toml");
const PREFIX: &str = "PRETTY__";

/// Why the settings cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// A key that does not exist.
    #[error("{origin} sets `{key}`, which does not exist. Known keys are listed in default.toml.")]
    UnknownKey {
        /// Dotted name.
        key: String,
        /// File or variable.
        origin: String,
    },
    /// A key with a value of another kind.
    #[error("{origin} sets `{key}` to something that is not {expected}.")]
    WrongKind {
        /// Dotted name.
        key: String,
        /// File or variable.
        origin: String,
        /// What it must be.
        expected: &'static str,
    },
    /// A value that has the right kind and still cannot be.
    #[error("`{key}` {reason}.")]
    Refused {
        /// Dotted name.
        key: &'static str,
        /// What is wrong with it.
        reason: String,
    },
    /// A file that cannot be read.
    #[error("{path} (named by {origin}) cannot be read: {fault}.")]
    Unreadable {
        /// The file.
        path: String,
        /// Who named it.
        origin: String,
        /// What the system said.
        fault: std::io::Error,
    },
    /// A file that is not TOML. The line itself is not shown: it may hold a secret.
    #[error("{path} is not TOML{}: {fault}.", .line.map_or_else(String::new, |line| format!(", line {line}")))]
    NotToml {
        /// The file.
        path: String,
        /// Where, counted from 1.
        line: Option<usize>,
        /// Why.
        fault: String,
    },
}

/// Values given on the command line: they win over everything.
#[derive(Clone, Debug, Default)]
pub struct Overrides {
    /// `--listen`.
    pub listen: Option<String>,
    /// `--data`.
    pub data: Option<String>,
}

/// Reads defaults, `file`, `environment` and `overrides`, in this order, and checks the result.
///
/// # Errors
/// The first key that is unknown, of the wrong kind or out of range.
pub fn load(
    file: Option<&Path>,
    environment: impl IntoIterator<Item = (String, String)>,
    overrides: &Overrides,
) -> Result<Settings, SettingsError> {
    let mut table = parse(DEFAULTS, "default.toml")?;
    if let Some(path) = file {
        let name = path.display().to_string();
        let text = read(&name, "--config")?;
        merge(&mut table, parse(&text, &name)?, "", &name)?;
    }
    let environment: BTreeMap<String, String> =
        environment.into_iter().filter(|(k, _)| k.starts_with(PREFIX)).collect();
    for (name, text) in environment {
        set_from_environment(&mut table, &name, text)?;
    }
    for (key, value) in [("listen", &overrides.listen), ("data", &overrides.data)] {
        if let (Some(value), Some(Value::Table(server))) = (value, table.get_mut("server")) {
            server.insert(key.to_owned(), Value::String(value.clone()));
        }
    }
    // Sections and single keys have been checked by now, so this is about the entries of a list.
    for key in ["packs", "plans"] {
        check_products(&table, key)?;
    }
    let settings: Settings =
        Value::Table(table).try_into().map_err(|fault| not_toml("", "the configuration", &fault))?;
    check(&settings)?;
    Ok(settings)
}

/// An entry of the catalogue that cannot be read is named by its list, as any other wrong value is.
fn check_products(table: &Table, list: &str) -> Result<(), SettingsError> {
    let entries = table.get("catalogue").and_then(|catalogue| catalogue.get(list)).cloned();
    let Some(entries) = entries else { return Ok(()) };
    let (key, read) = if list == "packs" {
        ("catalogue.packs", entries.try_into::<Vec<super::Pack>>().map(|_| ()))
    } else {
        ("catalogue.plans", entries.try_into::<Vec<super::Plan>>().map(|_| ()))
    };
    read.map_err(|fault| SettingsError::Refused {
        key,
        reason: format!("has an entry that cannot be read: {}", fault.message()),
    })
}

fn parse(text: &str, path: &str) -> Result<Table, SettingsError> {
    text.parse().map_err(|fault| not_toml(text, path, &fault))
}

fn not_toml(text: &str, path: &str, fault: &toml::de::Error) -> SettingsError {
    let before = fault.span().and_then(|span| text.get(..span.start)).filter(|_| !text.is_empty());
    let line = before.map(|before| before.matches('\n').count() + 1);
    SettingsError::NotToml { path: path.to_owned(), line, fault: fault.message().to_owned() }
}

fn read(path: &str, origin: &str) -> Result<String, SettingsError> {
    std::fs::read_to_string(path).map_err(|fault| SettingsError::Unreadable {
        path: path.to_owned(),
        origin: origin.to_owned(),
        fault,
    })
}

fn merge(into: &mut Table, from: Table, prefix: &str, origin: &str) -> Result<(), SettingsError> {
    for (name, value) in from {
        let key = format!("{prefix}{name}");
        let Some(known) = into.get_mut(&name) else {
            return Err(SettingsError::UnknownKey { key, origin: origin.to_owned() });
        };
        match (known, value) {
            (Value::Table(known), Value::Table(value)) => merge(known, value, &format!("{key}."), origin)?,
            (known, value) if known.same_type(&value) => *known = value,
            (known, _) => return Err(wrong_kind(&key, origin, known)),
        }
    }
    Ok(())
}

/// `PRETTY__SERVER__LISTEN`, or the same with `_FILE`: the value is the content of the named file, without the line end.
fn set_from_environment(table: &mut Table, name: &str, text: String) -> Result<(), SettingsError> {
    let path = name[PREFIX.len()..].to_lowercase();
    let unknown = || SettingsError::UnknownKey { key: path.replace("__", "."), origin: format!("the variable {name}") };
    let (section, key) = path.split_once("__").ok_or_else(unknown)?;
    let Some(Value::Table(section)) = table.get_mut(section) else { return Err(unknown()) };
    let (key, text) = match key.strip_suffix("_file") {
        Some(key) if section.contains_key(key) => (key, read(&text, name)?.trim_end_matches(['\r', '\n']).to_owned()),
        _ => (key, text),
    };
    let Some(known) = section.get_mut(key) else { return Err(unknown()) };
    let value = match known {
        Value::Integer(_) => text.parse().ok().map(Value::Integer),
        Value::Boolean(_) => text.parse().ok().map(Value::Boolean),
        Value::Float(_) => text.parse().ok().map(Value::Float),
        Value::String(_) => Some(Value::String(text)),
        Value::Array(_) | Value::Table(_) | Value::Datetime(_) => {
            format!("value = {text}").parse::<Table>().ok().and_then(|mut table| table.remove("value"))
        }
    };
    match value {
        Some(value) if known.same_type(&value) => *known = value,
        _ => return Err(wrong_kind(&path.replace("__", "."), &format!("the variable {name}"), known)),
    }
    Ok(())
}

fn wrong_kind(key: &str, origin: &str, known: &Value) -> SettingsError {
    let expected = match known {
        Value::String(_) => "a text",
        Value::Integer(_) => "a whole number",
        Value::Float(_) => "a number",
        Value::Boolean(_) => "true or false",
        Value::Datetime(_) => "a time",
        Value::Array(_) => "a list",
        Value::Table(_) => "a section",
    };
    SettingsError::WrongKind { key: key.to_owned(), origin: origin.to_owned(), expected }
}

/// Refuses values that cannot be, alone or together.
///
/// # Errors
/// The first key that is out of range.
pub fn check(settings: &Settings) -> Result<(), SettingsError> {
    let refuse =
        |key: &'static str, reason: &dyn fmt::Display| Err(SettingsError::Refused { key, reason: reason.to_string() });
    if settings.server.listen.parse::<std::net::SocketAddr>().is_err() {
        return refuse("server.listen", &"must be an address and a port, for example 127.0.0.1:8080");
    }
    if settings.server.header_timeout_seconds == 0 {
        return refuse("server.header_timeout_seconds", &"must be at least 1");
    }
    // More than the largest semaphore is more than any machine has.
    if !(1..=1_000_000).contains(&settings.server.connections) {
        return refuse("server.connections", &"must be between 1 and 1000000");
    }
    let metrics = &settings.metrics.listen;
    if !metrics.is_empty() && metrics.parse::<std::net::SocketAddr>().is_err() {
        return refuse("metrics.listen", &"must be empty, or an address and a port, for example 127.0.0.1:9090");
    }
    let base = &settings.server.base_url;
    if !base.is_empty() {
        let Ok(url) = url::Url::parse(base) else {
            return refuse("server.base_url", &"is not a URL");
        };
        if base.ends_with('/') || url.path().len() > 1 || url.query().is_some() {
            return refuse("server.base_url", &"must be scheme and host only, without a slash at the end");
        }
        if url.scheme() != "https" && !(url.scheme() == "http" && is_here(&url)) {
            return refuse("server.base_url", &"must be https: passwords and tokens travel over it");
        }
    }
    if !(10..=16).contains(&settings.accounts.password_cost) {
        return refuse("accounts.password_cost", &"must be between 10 and 16");
    }
    if settings.accounts.password_parallel == 0 {
        return refuse("accounts.password_parallel", &"must be at least 1");
    }
    if settings.database.connections < 2 {
        return refuse("database.connections", &"must be at least 2");
    }
    let url = settings.database.url.reveal();
    if !url.is_empty() && !url.starts_with("postgres://") && !url.starts_with("postgresql://") {
        return refuse("database.url", &"must be empty (SQLite in the data folder) or start with postgres://");
    }
    let smtp = settings.mail.smtp_url.reveal();
    if !smtp.is_empty() {
        check_smtp(smtp).or_else(|reason| refuse("mail.smtp_url", &reason))?;
    }
    if (1..20).contains(&settings.mail.events_key.reveal().len()) {
        return refuse("mail.events_key", &"must be empty, or 20 characters or more");
    }
    super::mode::check(settings)?;
    if !settings.google.client_id.is_empty() && settings.google.client_secret.is_empty() {
        return refuse("google.client_secret", &"is missing although google.client_id is set");
    }
    super::photos::check(settings)?;
    if settings.worker.poll_milliseconds == 0 {
        return refuse("worker.poll_milliseconds", &"must be at least 1");
    }
    stripe::check(settings)
}

/// Whether an address of any scheme names this machine.
pub(super) fn is_here(url: &url::Url) -> bool {
    matches!(url.host_str(), Some("127.0.0.1" | "[::1]" | "localhost"))
}

fn check_smtp(address: &str) -> Result<(), &'static str> {
    let url = url::Url::parse(address).ok().filter(|url| url.host_str().is_some_and(|host| !host.is_empty()));
    let url = url.ok_or("must be smtps://user:password@host:465 or smtp://user:password@host:587?tls=required")?;
    let insists = url.query_pairs().any(|(name, value)| name == "tls" && value == "required");
    match url.scheme() {
        "smtps" => Ok(()),
        "smtp" if insists || is_here(&url) => Ok(()),
        "smtp" => Err("must be smtps://, or end in ?tls=required: letters carry links that open accounts"),
        _ => Err("must begin with smtps:// or smtp://"),
    }
}

#[cfg(test)]
mod deployed;

#[cfg(test)]
mod tests {
    use super::*;

    fn with(variables: &[(&str, &str)]) -> Result<Settings, String> {
        let variables = variables.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned()));
        load(None, variables, &Overrides::default()).map_err(|error| error.to_string())
    }

    #[test]
    fn defaults_are_complete_and_valid() {
        let settings = with(&[]).unwrap();
        assert_eq!(settings.accounts.password_cost, 12);
        assert!(settings.database.url.is_empty());
    }

    #[test]
    fn the_environment_overrides_and_keeps_the_kind() {
        let settings =
            with(&[("PRETTY__SERVER__TRUSTED_PROXIES", "2"), ("PRETTY__WORKER__EMBEDDED", "false"), ("HOME", "x")])
                .unwrap();
        assert_eq!(settings.server.trusted_proxies, 2);
        assert!(!settings.worker.embedded);
    }

    #[test]
    fn unknown_keys_are_refused_by_name() {
        for (variable, key) in
            [("PRETTY__SERVER__LISTENN", "server.listenn"), ("PRETTY__NONE__X", "none.x"), ("PRETTY__SERVER", "server")]
        {
            let fault = with(&[(variable, "1")]).unwrap_err();
            assert!(fault.contains(variable) && fault.contains(&format!("`{key}`")), "{fault}");
        }
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a.toml");
        std::fs::write(&file, "[server]\nlisten = \"127.0.0.1:1\"\nspeed = 3\n").unwrap();
        let fault = load(Some(&file), [], &Overrides::default()).unwrap_err().to_string();
        assert!(fault.contains("`server.speed`") && fault.contains("a.toml"), "{fault}");
    }

    #[test]
    fn wrong_kinds_and_values_are_refused_by_name() {
        for (variable, value, key) in [
            ("PRETTY__SERVER__TRUSTED_PROXIES", "two", "server.trusted_proxies"),
            ("PRETTY__ACCOUNTS__PASSWORD_COST", "4", "accounts.password_cost"),
            ("PRETTY__SERVER__BASE_URL", "http://example.org", "server.base_url"),
            ("PRETTY__SERVER__BASE_URL", "https://example.org/", "server.base_url"),
            ("PRETTY__SERVER__LISTEN", "nowhere", "server.listen"),
            ("PRETTY__METRICS__LISTEN", "9090", "metrics.listen"),
            ("PRETTY__DATABASE__URL", "mysql://x", "database.url"),
            ("PRETTY__MAIL__SMTP_URL", "smtp://user:hunter2@mail.example", "mail.smtp_url"),
            ("PRETTY__MAIL__SMTP_URL", "smtp://user:hunter2@mail.example:587?tls=opportunistic", "mail.smtp_url"),
            ("PRETTY__MAIL__SMTP_URL", "smtp://127.0.0.1.mail.example", "mail.smtp_url"),
            ("PRETTY__MAIL__SMTP_URL", "http://user:hunter2@mail.example", "mail.smtp_url"),
            ("PRETTY__MAIL__SMTP_URL", "mail.example:hunter2", "mail.smtp_url"),
            ("PRETTY__GOOGLE__CLIENT_ID", "x", "google.client_secret"),
            ("PRETTY__CATALOGUE__PACKS", "[{ code = 1 }]", "catalogue.packs"),
        ] {
            let fault = with(&[(variable, value)]).unwrap_err();
            assert!(fault.contains(&format!("`{key}`")) && !fault.contains("hunter2"), "{variable}: {fault}");
        }
    }

    #[test]
    fn letters_leave_over_tls_or_not_at_all() {
        for good in [
            "smtps://user:hunter2@mail.example:465",
            "smtp://user:hunter2@mail.example:587?tls=required",
            "smtp://127.0.0.1:2525",
            "smtp://[::1]:2525",
            "smtp://localhost",
        ] {
            assert_eq!(with(&[("PRETTY__MAIL__SMTP_URL", good)]).unwrap().mail.smtp_url.reveal(), good);
        }
    }

    #[test]
    fn a_file_that_is_not_toml_is_told_by_its_line_and_not_by_what_stands_there() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a.toml");
        for (text, line) in [
            ("[mail]\nfrom = \"a\"\nsmtp_url = smtps://user:hunter2@host\n", "line 3"),
            ("[mail]\nsmtp_url = \"smtps://user:hunter2@host\n", "line 2"),
            ("[stripe]\n\n\nsecret_key = 'hunter2' hunter2\n", "line 4"),
            ("[mail]\nsmtp_url = \"hunter2\"\nsmtp_url = \"hunter2\"\n", "line 3"),
        ] {
            std::fs::write(&file, text).unwrap();
            let fault = load(Some(&file), [], &Overrides::default()).unwrap_err().to_string();
            assert!(fault.contains("a.toml") && fault.contains(line), "{fault}");
            assert!(!fault.contains("hunter2"), "{fault}");
        }
    }

    #[test]
    fn secrets_come_from_files_and_are_never_printed() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("secret");
        std::fs::write(&file, "smtps://user:hunter2@host\n").unwrap();
        let settings = with(&[("PRETTY__MAIL__SMTP_URL_FILE", file.to_str().unwrap())]).unwrap();
        assert_eq!(settings.mail.smtp_url.reveal(), "smtps://user:hunter2@host");
        assert!(!format!("{settings:?}").contains("hunter2"));
        let fault = with(&[("PRETTY__MAIL__SMTP_URL_FILE", "/no/such/file")]).unwrap_err();
        assert!(fault.contains("/no/such/file") && fault.contains("SMTP_URL_FILE"), "{fault}");
    }
}
