//! That what is in `deploy` fits this program: every secret reaches it, every setting there is one, a stop has the time it takes, and logs are
//! kept as long as the privacy policy says.

use super::*;
use pretty_contract::service::privacy::FIRST_POLICY;

const COMPOSE: &str = include_str!("../../../../../deploy/compose.yaml");
const COMMON: &str = include_str!("../../../../../deploy/systemd/pretty-.service.d/common.conf");
const JOURNAL: &str = include_str!("../../../../../deploy/systemd/journald@pretty.conf");
const UNITS: [(&str, &str); 4] = [
    ("serve", include_str!("../../../../../deploy/systemd/pretty-backend.service")),
    ("serve", include_str!("../../../../../deploy/systemd/pretty-serve@.service")),
    ("worker", include_str!("../../../../../deploy/systemd/pretty-worker.service")),
    ("migrate", include_str!("../../../../../deploy/systemd/pretty-migrate.service")),
];

/// Section and key of every secret there is: as the settings print themselves, where all secrets look alike.
fn secrets() -> Vec<(String, String)> {
    let printed = format!("{:#?}", load(None, [], &Overrides::default()).unwrap());
    let (mut section, mut secrets) = (String::new(), Vec::new());
    for line in printed.lines() {
        let depth = line.len() - line.trim_start().len();
        let Some((name, value)) = line.trim().split_once(": ") else { continue };
        match depth {
            4 => section = name.to_owned(),
            8 if value.starts_with("Secret(") => secrets.push((section.clone(), name.to_owned())),
            _ => assert!(!value.starts_with("Secret("), "a secret in a list: {line}"),
        }
    }
    assert!(secrets.len() > 12 && secrets.contains(&("stripe".to_owned(), "secret_key".to_owned())), "{secrets:?}");
    secrets
}

fn variable(section: &str, key: &str) -> String {
    format!("PRETTY__{}__{}_FILE", section.to_uppercase(), key.to_uppercase())
}

/// Variables and values of the containers that are the service's.
fn compose_variables() -> Vec<(String, String)> {
    let lines = COMPOSE.lines().filter(|line| line.trim().starts_with("PRETTY__"));
    let pairs = lines.map(|line| line.trim().split_once(": ").unwrap());
    pairs.map(|(name, value)| (name.to_owned(), value.trim_matches('"').to_owned())).collect()
}

/// What an operator might put in.
fn fitting(section: &str, key: &str) -> &'static str {
    match (section, key) {
        ("database", "url") => "postgres://pretty:p@postgres/pretty",
        ("mail", "smtp_url") => "smtps://user:p@mail.example:465",
        ("mail", "events_key") => "a key of more than twenty characters",
        ("stripe", "secret_key") => "sk_live_1",
        (_, "webhook_secret" | "webhook_secret_before") => "whsec_c2VjcmV0",
        _ => "said",
    }
}

/// The settings of a container whose secrets are those that `said` gives.
fn contained(said: impl Fn(&str, &str) -> &'static str) -> Result<Settings, SettingsError> {
    let folder = tempfile::tempdir().unwrap();
    let mut variables = Vec::new();
    for (name, value) in compose_variables() {
        let value = if let Some(file) = value.strip_prefix("/run/secrets/") {
            let (section, key) = secrets().into_iter().find(|(section, key)| variable(section, key) == name).unwrap();
            let path = folder.path().join(file);
            std::fs::write(&path, format!("{}\n", said(&section, &key))).unwrap();
            path.display().to_string()
        } else if value.contains(":?") {
            if name.ends_with("BASE_URL") { "https://pretty.example" } else { "said@pretty.example" }.to_owned()
        } else {
            value.split_once(":-").map_or(value.clone(), |(_, default)| default.trim_end_matches('}').to_owned())
        };
        variables.push((name, value));
    }
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../deploy/pretty.toml");
    load(Some(&file), variables, &Overrides::default())
}

#[test]
fn every_secret_there_is_reaches_containers_and_units() {
    let variables = compose_variables();
    for (section, key) in secrets() {
        let name = variable(&section, &key);
        let value = variables.iter().find(|(other, _)| *other == name).map(|(_, value)| value.as_str());
        let file = value.and_then(|value| value.strip_prefix("/run/secrets/")).unwrap_or_else(|| panic!("{name}"));
        assert!(COMPOSE.contains(&format!("\n    - {file}\n")), "{file} is not given to the containers");
        assert!(COMPOSE.contains(&format!("  {file}: {{ file: ./secrets/{file} }}\n")), "{file} is no file");
        assert!(
            COMMON.contains(&format!("\nEnvironment={name}=%d/secret_{file}\n")),
            "{name} is not given to the units"
        );
    }
}

#[test]
fn what_containers_are_told_are_settings_with_secrets_and_without() {
    let settings = contained(fitting).unwrap();
    assert!(!settings.worker.embedded && settings.server.trusted_proxies == 1);
    assert!(!settings.stripe.webhook_secret_before.is_empty() && !settings.anthropic.key_before.is_empty());
    assert!(settings.mail.from.contains("pretty.example") && settings.mail.contact.contains("pretty.example"));
    let objects = &settings.objects;
    assert_eq!((objects.endpoint.as_str(), objects.region.as_str()), ("", "us-east-1"));
    // What is empty is off.
    let needed =
        |section: &str, key: &str| if matches!(section, "database" | "objects") { fitting(section, key) } else { "" };
    let settings = contained(needed).unwrap();
    assert!(settings.stripe.secret_key.is_empty() && settings.replicate.token.is_empty());
}

#[test]
fn a_stop_has_the_time_that_running_requests_get_and_more() {
    let seconds = |text: &str, before: &str| {
        let rest = text.split_once(before).unwrap_or_else(|| panic!("no {before}")).1;
        rest[..rest.find(|letter: char| !letter.is_ascii_digit()).unwrap()].parse::<u64>().unwrap()
    };
    let needed = contained(fitting).unwrap().server.shutdown_seconds;
    assert!(seconds(COMPOSE, "stop_grace_period: ") > needed);
    assert!(seconds(COMMON, "TimeoutStopSec=") > needed);
}

#[test]
fn each_unit_runs_what_it_says_with_the_common_settings() {
    for (mode, unit) in UNITS {
        let runs = unit.lines().find_map(|line| line.strip_prefix("ExecStart=")).unwrap();
        assert!(
            runs.starts_with(&format!("/usr/local/bin/pretty-backend {mode} --config /etc/pretty/pretty.toml")),
            "{runs}"
        );
        let data = runs.split_once("--data %S/").unwrap().1.split(' ').next().unwrap();
        assert!(unit.contains(&format!("\nStateDirectory={data}\n")), "{data} is not the unit's own");
        for line in unit.lines().filter_map(|line| line.strip_prefix("Environment=")) {
            let (name, value) = line.split_once('=').unwrap();
            load(None, [(name.to_owned(), value.to_owned())], &Overrides::default()).unwrap();
        }
    }
}

/// Log retention: this program keeps no log, it writes lines. How long they are kept is said where they are collected, and there it is what
/// people are told.
#[test]
fn logs_are_kept_as_long_as_the_policy_says() {
    let (_, logs) = FIRST_POLICY.split_once("Our server logs").unwrap();
    let days = logs.split_once("for ").unwrap().1.split_once(" days").unwrap().0;
    assert_eq!(days.parse::<u32>().unwrap(), 30);
    assert!(JOURNAL.contains(&format!("\nMaxRetentionSec={days}day\n")));
    // A journal is removed file by file: one that holds a month would keep its first day for two.
    assert!(JOURNAL.contains("\nMaxFileSec=1day\n"));
    assert!(COMMON.contains("\nLogNamespace=pretty\n"));
    assert!(COMPOSE.contains("driver: journald") && !COMPOSE.contains("json-file"));
    assert!(include_str!("../../../../../docs/operations.md").contains(&format!("{days} days")));
}
