//! Counting checks from what the test runners print.

/// Checks that passed and failed.
pub(crate) struct Tally {
    passed: usize,
    failed: usize,
}

impl Tally {
    pub(crate) fn new() -> Self {
        Self { passed: 0, failed: 0 }
    }

    pub(crate) fn add(&mut self, passed: usize, failed: usize) {
        self.passed += passed;
        self.failed += failed;
    }

    pub(crate) fn passed(&self) -> usize {
        self.passed
    }

    pub(crate) fn failed(&self) -> usize {
        self.failed
    }

    pub(crate) fn total(&self) -> usize {
        self.passed + self.failed
    }

    /// `test result: ok. 12 passed; 0 failed; 1 ignored; …`
    pub(crate) fn read_cargo(&mut self, line: &str) {
        if let Some((_, counts)) = line.split_once("test result: ") {
            self.add(before(counts, " passed"), before(counts, " failed"));
        }
    }

    /// `      Tests  1 failed | 11 passed (12)`
    pub(crate) fn read_vitest(&mut self, line: &str) {
        if let Some(counts) = line.trim_start().strip_prefix("Tests ") {
            self.add(before(counts, " passed"), before(counts, " failed"));
        }
    }

    /// `# pass 4` and `# fail 0` (TAP), or the same with `ℹ`.
    pub(crate) fn read_node(&mut self, line: &str) {
        let Some(rest) = line.strip_prefix("# ").or_else(|| line.strip_prefix("ℹ ")) else { return };
        let number = |name: &str| rest.strip_prefix(name).and_then(|text| text.trim().parse().ok()).unwrap_or(0);
        self.add(number("pass "), number("fail "));
    }
}

/// The number that stands directly before `word`; 0 when the word is not there.
fn before(text: &str, word: &str) -> usize {
    text.find(word)
        .and_then(|end| text[..end].rsplit(|letter: char| !letter.is_ascii_digit()).next()?.parse().ok())
        .unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counted(read: fn(&mut Tally, &str), lines: &[&str]) -> (usize, usize) {
        let mut tally = Tally::new();
        for line in lines {
            read(&mut tally, line);
        }
        (tally.passed(), tally.failed())
    }

    #[test]
    fn each_runner_is_understood() {
        let cargo = [
            "running 3 tests",
            "test result: FAILED. 12 passed; 1 failed; 0 ignored",
            "test result: ok. 2 passed; 0 failed",
        ];
        assert_eq!(counted(Tally::read_cargo, &cargo), (14, 1));
        let vitest =
            [" Test Files  2 passed (2)", "      Tests  3 failed | 11 passed (14)", "      Tests  5 passed (5)"];
        assert_eq!(counted(Tally::read_vitest, &vitest), (16, 3));
        assert_eq!(counted(Tally::read_node, &["# tests 5", "# pass 4", "# fail 1"]), (4, 1));
        assert_eq!(counted(Tally::read_node, &["ℹ tests 5", "ℹ pass 5", "ℹ fail 0"]), (5, 0));
    }
}
