//! Adds up what test programs report in their `test result:` lines.

use std::fmt;

/// How many tests passed and failed.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct TestCount {
    passed: u64,
    failed: u64,
}

impl TestCount {
    /// Adds a line of output, if it is a result.
    pub(crate) fn add_line(&mut self, line: &str) {
        let Some((_, result)) = line.split_once("test result: ") else {
            return;
        };
        self.passed += number_before(result, " passed").unwrap_or(0);
        self.failed += number_before(result, " failed").unwrap_or(0);
    }

    /// Adds another count.
    pub(crate) fn add(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
    }

    /// Whether any test ran.
    pub(crate) fn any(self) -> bool {
        self.passed + self.failed > 0
    }
}

impl fmt::Display for TestCount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} passed, {} failed", self.passed, self.failed)
    }
}

fn number_before(text: &str, word: &str) -> Option<u64> {
    let (before, _) = text.split_once(word)?;
    before.rsplit([' ', ';']).next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_add_up_and_other_lines_do_not_count() {
        let mut count = TestCount::default();
        count.add_line("running 4 tests");
        count.add_line("test result: ok. 3 passed; 0 failed; 1 ignored; 0 measured");
        count.add_line("test 9 passed, 9 failed ... ok");
        count.add_line("test result: \u{1b}[31mFAILED\u{1b}[0m. 12 passed; 2 failed; 0 ignored");
        assert_eq!(
            count,
            TestCount {
                passed: 15,
                failed: 2
            }
        );
        assert_eq!(count.to_string(), "15 passed, 2 failed");
    }
}
