//! The ledger: which version of each symbol every reader has. At the end, all must have the newest.

use anyhow::{Result, ensure};

use super::schedule::Version;

/// What one reader has.
#[derive(Clone, Debug)]
struct Reader {
    versions: Vec<u32>,
    /// Quotes that came, and those that it was told it would not get.
    came: u64,
    skipped: u64,
}

/// What was published, and who has it.
#[derive(Debug)]
pub(crate) struct Ledger {
    symbols: u16,
    published: u64,
    readers: Vec<Reader>,
    /// Whether what is skipped is told.
    tells: bool,
}

impl Ledger {
    /// A ledger of so many readers, who read from the first update on.
    pub(crate) fn new(symbols: u16, readers: usize, tells: bool) -> Self {
        let reader = Reader {
            versions: vec![0; symbols.into()],
            came: 0,
            skipped: 0,
        };
        Self {
            symbols,
            published: 0,
            readers: vec![reader; readers],
            tells,
        }
    }

    /// How many updates were published.
    pub(crate) fn published(&self) -> u64 {
        self.published
    }

    /// The next update.
    pub(crate) fn publish(&mut self) -> Version {
        let version = Version::of(self.published, self.symbols);
        self.published += 1;
        version
    }

    /// A quote came.
    ///
    /// # Errors
    ///
    /// It was never published, or is not newer than what the reader has.
    pub(crate) fn came(&mut self, reader: usize, it: Version) -> Result<()> {
        let known = it.symbol < self.symbols && it.number(self.symbols) < self.published;
        ensure!(known, "reader {reader} got {it:?}, which was not published");
        let reader_of = &mut self.readers[reader];
        let has = &mut reader_of.versions[usize::from(it.symbol)];
        ensure!(
            *has < it.version,
            "reader {reader} got {it:?} after version {has}"
        );
        *has = it.version;
        reader_of.came += 1;
        Ok(())
    }

    /// A reader was told that so many were overtaken.
    pub(crate) fn skipped(&mut self, reader: usize, count: u64) {
        self.readers[reader].skipped += count;
    }

    /// All quotes that came.
    pub(crate) fn all_came(&self) -> u64 {
        self.readers.iter().map(|it| it.came).sum()
    }

    /// Whether everybody has everything: got it, or was told that it was overtaken.
    pub(crate) fn is_complete(&self) -> bool {
        let has = |it: &Reader| it.came + it.skipped;
        self.readers.iter().all(|it| has(it) >= self.published)
    }

    /// Everybody has the newest version of each symbol, and what did not come was told, exactly.
    ///
    /// # Errors
    ///
    /// Somebody lacks something.
    pub(crate) fn check(&self) -> Result<()> {
        let rounds = self.published / u64::from(self.symbols);
        let over = self.published % u64::from(self.symbols);
        let newest = |symbol: usize| (rounds + u64::from((symbol as u64) < over)) as u32;
        for (reader, it) in self.readers.iter().enumerate() {
            for (symbol, version) in it.versions.iter().enumerate() {
                let newest = newest(symbol);
                ensure!(
                    *version == newest,
                    "reader {reader} has version {version} of symbol {symbol}, not {newest}"
                );
            }
            let accounted = it.came + it.skipped;
            ensure!(
                accounted == self.published && (self.tells || it.skipped == 0),
                "reader {reader} got {} and was told of {}, of {}",
                it.came,
                it.skipped,
                self.published
            );
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One reader of two symbols; three updates are published, and these versions come.
    fn check(came: &[(u16, u32)], skipped: u64, expected: bool) {
        let mut ledger = Ledger::new(2, 1, true);
        for number in 0..3 {
            assert_eq!(ledger.publish(), Version::of(number, 2));
        }
        let all = came.iter().try_for_each(|&(symbol, version)| {
            let version = Version { symbol, version };
            ledger.came(0, version)
        });
        ledger.skipped(0, skipped);
        let holds = all.and_then(|()| ledger.check()).is_ok();
        assert_eq!(holds, expected, "{came:?} {skipped}");
    }

    #[test]
    fn all_is_well_when_the_newest_came_and_the_rest_was_told() {
        check(&[(0, 1), (1, 1), (0, 2)], 0, true);
        check(&[(1, 1), (0, 2)], 1, true);
    }

    #[test]
    fn what_is_missing_or_not_told_or_old_is_a_fault() {
        check(&[(0, 1), (1, 1)], 1, false);
        check(&[(1, 1), (0, 2)], 0, false);
        check(&[(1, 1), (0, 2)], 2, false);
        check(&[(1, 1), (0, 2), (0, 1)], 0, false);
        check(&[(0, 2), (0, 2), (1, 1)], 0, false);
        check(&[(0, 1), (1, 1), (0, 3)], 0, false);
        check(&[(0, 1), (1, 1), (2, 1)], 0, false);
    }
}
