//! Mail addresses: which can be used, and how two are compared.

use super::AccountError;

/// An address that can be mailed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Email {
    shown: String,
    key: String,
}

impl Email {
    /// Reads an address. International domains are turned into their ASCII form; the part before the @ must be ASCII, because our mail
    /// service cannot send to others.
    ///
    /// # Errors
    /// A sentence that says what is wrong.
    pub fn parse(text: &str) -> Result<Self, AccountError> {
        let text = text.trim();
        let refuse = |why| Err(AccountError::Email(why));
        if text.is_empty() {
            return refuse("Give an email address.");
        }
        let Some((local, domain)) = text.rsplit_once('@') else { return refuse("An email address has an @ in it.") };
        if text.len() > 254 || local.len() > 64 {
            return refuse("That email address is too long.");
        }
        if !local.is_ascii() {
            return refuse("We cannot send mail to an address with letters like é or ü before the @. Use another one.");
        }
        let plain = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-/=?^_`{|}~.".contains(c);
        if local.is_empty()
            || !local.chars().all(plain)
            || local.starts_with('.')
            || local.ends_with('.')
            || local.contains("..")
        {
            return refuse("That does not look like an email address.");
        }
        let domain = match url::Host::parse(domain) {
            Ok(url::Host::Domain(domain)) if domain.contains('.') && !domain.ends_with('.') => domain,
            _ => return refuse("The part after the @ is not a domain."),
        };
        let shown = format!("{local}@{domain}");
        Ok(Self { key: shown.to_lowercase(), shown })
    }

    /// As it is written and mailed.
    pub fn as_str(&self) -> &str {
        &self.shown
    }

    /// As it is compared.
    pub fn key(&self) -> &str {
        &self.key
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn me5_me4_addresses() {
        for (text, shown, key) in [
            (" Mara@Example.org ", "Mara@example.org", "mara@example.org"),
            ("a.b+c@bücher.example", "a.b+c@xn--bcher-kva.example", "a.b+c@xn--bcher-kva.example"),
        ] {
            let email = Email::parse(text).unwrap();
            assert_eq!((email.as_str(), email.key()), (shown, key));
        }
        let long = format!("{}@example.org", "a".repeat(65));
        for text in [
            "",
            "x",
            "@example.org",
            "x@",
            "x@localhost",
            "x@example.",
            "é@example.org",
            "a b@example.org",
            "a\r\nBcc: b@example.org",
            "a@exa\nmple.org",
            "\"a\"@example.org",
            ".a@example.org",
            "a..b@example.org",
            "a@[127.0.0.1]",
            "a@127.0.0.1",
            "a@b@c.org,",
            &long,
        ] {
            assert!(Email::parse(text).is_err(), "{text:?}");
        }
    }
}
