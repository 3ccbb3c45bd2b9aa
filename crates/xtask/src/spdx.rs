//! Licence expressions, as package manifests write them: names, `OR`, `AND`, `WITH`, brackets, and the older `/` for `OR`.

use anyhow::{Result, bail};

/// Whether an expression can be satisfied with the allowed licences alone. `allowed` holds names, with their exception where there is one.
pub(crate) fn satisfied(expression: &str, allowed: &dyn Fn(&str) -> bool) -> Result<bool> {
    let spaced = expression.replace('/', " OR ").replace('(', " ( ").replace(')', " ) ");
    let words: Vec<&str> = spaced.split_whitespace().collect();
    let mut reader = Reader { words: &words, next: 0, allowed };
    let value = reader.alternatives()?;
    if reader.next != words.len() {
        bail!("the licence expression `{expression}` is not understood");
    }
    Ok(value)
}

struct Reader<'a> {
    words: &'a [&'a str],
    next: usize,
    allowed: &'a dyn Fn(&str) -> bool,
}

impl Reader<'_> {
    fn take(&mut self, word: &str) -> bool {
        let there = self.words.get(self.next) == Some(&word);
        if there {
            self.next += 1;
        }
        there
    }

    fn alternatives(&mut self) -> Result<bool> {
        let mut value = self.all_of()?;
        while self.take("OR") {
            value |= self.all_of()?;
        }
        Ok(value)
    }

    fn all_of(&mut self) -> Result<bool> {
        let mut value = self.one()?;
        while self.take("AND") {
            value &= self.one()?;
        }
        Ok(value)
    }

    fn one(&mut self) -> Result<bool> {
        if self.take("(") {
            let value = self.alternatives()?;
            if !self.take(")") {
                bail!("a licence expression lacks a closing bracket");
            }
            return Ok(value);
        }
        let Some(name) = self.words.get(self.next) else { bail!("a licence expression ends early") };
        self.next += 1;
        if self.take("WITH") {
            let Some(exception) = self.words.get(self.next) else { bail!("a licence exception has no name") };
            self.next += 1;
            return Ok((self.allowed)(name) || (self.allowed)(&format!("{name} WITH {exception}")));
        }
        Ok((self.allowed)(name))
    }
}

#[cfg(test)]
mod tests {
    use super::satisfied;

    fn check(expression: &str, expected: bool) {
        let allowed = |name: &str| ["MIT", "Apache-2.0", "Zlib"].contains(&name);
        assert_eq!(satisfied(expression, &allowed).unwrap(), expected, "{expression}");
    }

    #[test]
    fn expressions_mean_what_they_say() {
        check("MIT", true);
        check("GPL-3.0-only", false);
        check("MIT OR GPL-3.0", true);
        check("MIT/GPL-3.0", true);
        check("MIT AND LGPL-2.1", false);
        check("(MIT OR Apache-2.0) AND Zlib", true);
        check("(GPL-2.0 OR AGPL-3.0) AND MIT", false);
        check("Apache-2.0 WITH LLVM-exception", true);
        check("GPL-2.0 WITH Classpath-exception-2.0 OR MIT", true);
    }

    #[test]
    fn nonsense_is_refused() {
        for expression in ["", "MIT OR", "(MIT", "MIT Apache-2.0", "WITH"] {
            let value = satisfied(expression, &|name| name == "MIT");
            assert!(value.is_err() || !value.unwrap(), "{expression}");
        }
    }
}
