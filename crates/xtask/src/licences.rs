//! The licences of every package that is linked, against the list in `deny.toml`.
//!
//! A quick stand-in for `cargo deny check licenses` that needs nothing installed, so that a copyleft package fails on every machine.

use std::collections::BTreeMap;

use anyhow::{Context, Result, bail};
use serde::Deserialize;

use crate::{places, shell, spdx};

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
}

#[derive(Deserialize)]
struct Package {
    name: String,
    version: String,
    license: Option<String>,
    /// Absent for packages of this workspace.
    source: Option<String>,
}

/// The part of `deny.toml` that is read here.
#[derive(Deserialize)]
struct Deny {
    licenses: Licences,
}

#[derive(Deserialize)]
struct Licences {
    allow: Vec<String>,
    #[serde(default)]
    exceptions: Vec<Exception>,
}

#[derive(Deserialize)]
struct Exception {
    #[serde(rename = "crate")]
    package: String,
    allow: Vec<String>,
}

/// How many packages were looked at; an error that names those which are not allowed.
pub(crate) fn check() -> Result<usize> {
    let rules = rules()?;
    let packages = packages()?;
    let mut refused = Vec::new();
    for package in &packages {
        let licence = package.license.as_deref().unwrap_or("no licence field");
        if !allowed(package, &rules).with_context(|| format!("{} {}", package.name, package.version))? {
            refused.push(format!("    {} {}: {licence}", package.name, package.version));
        }
    }
    if !refused.is_empty() {
        bail!("Licences that deny.toml does not allow:\n{}", refused.join("\n"));
    }
    println!("{} packages, all under licences that deny.toml allows.", packages.len());
    Ok(packages.len())
}

/// Prints how many packages there are under each licence, then checks.
pub(crate) fn list() -> Result<()> {
    let mut by_licence: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for package in packages()? {
        by_licence.entry(package.license.unwrap_or_else(|| "none stated".into())).or_default().push(package.name);
    }
    for (licence, names) in &by_licence {
        println!("{licence} ({}): {}", names.len(), names.join(", "));
    }
    check().map(|_| ())
}

fn rules() -> Result<Licences> {
    let text = std::fs::read_to_string(places::at("deny.toml")).context("could not read deny.toml")?;
    Ok(toml::from_str::<Deny>(&text).context("deny.toml is not understood")?.licenses)
}

/// Every package of the lock that does not belong to this workspace.
fn packages() -> Result<Vec<Package>> {
    let text = shell::output(&mut shell::cargo(&["metadata", "--format-version", "1", "--locked", "--all-features"]))?;
    let metadata: Metadata = serde_json::from_str(&text).context("cargo's metadata is not understood")?;
    Ok(metadata.packages.into_iter().filter(|package| package.source.is_some()).collect())
}

fn allowed(package: &Package, rules: &Licences) -> Result<bool> {
    let here = rules.exceptions.iter().filter(|exception| exception.package == package.name).flat_map(|it| &it.allow);
    let names: Vec<&String> = rules.allow.iter().chain(here).collect();
    match &package.license {
        Some(licence) => spdx::satisfied(licence, &|name| names.iter().any(|allowed| *allowed == name)),
        None => Ok(false),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn package(name: &str, licence: Option<&str>) -> Package {
        Package { name: name.into(), version: "1.0.0".into(), license: licence.map(Into::into), source: None }
    }

    #[test]
    fn copyleft_is_refused_and_an_exception_holds_for_its_package_only() {
        let rules = rules().unwrap();
        assert!(allowed(&package("a", Some("MIT OR Apache-2.0")), &rules).unwrap());
        for licence in ["GPL-3.0-or-later", "AGPL-3.0-only", "LGPL-2.1", "MIT AND GPL-2.0"] {
            assert!(!allowed(&package("a", Some(licence)), &rules).unwrap(), "{licence}");
        }
        assert!(!allowed(&package("a", None), &rules).unwrap());
        let rules = Licences {
            allow: vec!["MIT".into()],
            exceptions: vec![Exception { package: "b".into(), allow: vec!["NCSA".into()] }],
        };
        assert!(allowed(&package("b", Some("NCSA")), &rules).unwrap());
        assert!(!allowed(&package("c", Some("NCSA")), &rules).unwrap());
    }
}
