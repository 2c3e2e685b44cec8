//! The board: of each symbol what it is called, its newest quote and how its day has been.

use std::collections::BTreeMap;

use trunkline_protocol::topics::ticker::{Quote, Session, Summaries, Summary, SymbolInfo, Symbols};
use trunkline_protocol::{Gap, GapCause};

/// Where the price went last.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Moved {
    /// Nowhere yet.
    #[default]
    Nowhere,
    /// Up.
    Up,
    /// Down.
    Down,
}

/// What is known of a symbol.
#[derive(Clone, Debug, Default, PartialEq)]
struct Entry {
    info: Option<SymbolInfo>,
    quote: Option<Quote>,
    summary: Option<Summary>,
    moved: Moved,
    changes: u32,
}

/// A row as it is shown.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// The number of the symbol.
    pub symbol: u16,
    /// Its short name, or its number where nobody told one.
    pub ticker: String,
    /// What it is called. May be empty.
    pub name: String,
    /// What it belongs to. May be empty.
    pub sector: String,
    /// The newest quote that came.
    pub quote: Option<Quote>,
    /// The newest price, from the quote or from what was told of the day.
    pub price: Option<u64>,
    /// Where its price went last.
    pub moved: Moved,
    /// How often the price has changed since the page was opened. It wraps.
    pub changes: u32,
    /// By how much the price differs from the end of the day before, in hundredths of a percent.
    pub change: Option<i64>,
}

/// All symbols of a board.
#[derive(Clone, Debug, Default)]
pub struct Board {
    entries: BTreeMap<u16, Entry>,
    session: Option<Session>,
    simulated: bool,
    quotes: u64,
    overtaken: u64,
}

impl Board {
    /// Takes a page of symbols, and tells from where the next one begins.
    pub fn take_symbols(&mut self, page: Symbols) -> Option<u16> {
        self.simulated = page.simulated;
        for info in page.symbols.into_vec() {
            let entry = self.entries.entry(info.symbol).or_default();
            entry.info = Some(info);
        }
        page.next
    }

    /// Takes how the day of some symbols has been.
    pub fn take_summaries(&mut self, summaries: Summaries) {
        self.session = summaries.session.or(self.session);
        for summary in summaries.symbols.into_vec() {
            let entry = self.entries.entry(summary.symbol).or_default();
            entry.summary = Some(summary);
        }
    }

    /// Takes a quote.
    pub fn take_quote(&mut self, quote: Quote) {
        self.quotes += 1;
        let entry = self.entries.entry(quote.symbol).or_default();
        if let Some(before) = entry.quote
            && before.price != quote.price
        {
            entry.changes = entry.changes.wrapping_add(1);
            entry.moved = if quote.price > before.price {
                Moved::Up
            } else {
                Moved::Down
            };
        }
        entry.quote = Some(quote);
    }

    /// Takes note of quotes that were overtaken on the way.
    pub fn take_gap(&mut self, gap: &Gap) {
        if gap.cause == GapCause::Conflated {
            self.overtaken += gap.count;
        }
    }

    /// The history of the board has begun anew, or another pace was chosen: what was counted is of
    /// the past.
    pub fn count_anew(&mut self) {
        (self.quotes, self.overtaken) = (0, 0);
    }

    /// How many quotes came.
    pub fn quotes(&self) -> u64 {
        self.quotes
    }

    /// How many did not, because newer ones overtook them.
    pub fn overtaken(&self) -> u64 {
        self.overtaken
    }

    /// What the market does now, if it has days.
    pub fn session(&self) -> Option<Session> {
        self.session
    }

    /// Whether it is made up.
    pub fn is_simulated(&self) -> bool {
        self.simulated
    }

    /// How many symbols there are.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The numbers of all symbols, in order.
    pub fn symbols(&self) -> impl Iterator<Item = u16> {
        self.entries.keys().copied()
    }

    /// The symbol with this short name, or with its number behind a `#`.
    pub fn find(&self, ticker: &str) -> Option<u16> {
        if let Some(number) = ticker.strip_prefix('#') {
            let number = number.parse().ok()?;
            return self.entries.contains_key(&number).then_some(number);
        }
        let found = self
            .entries
            .iter()
            .find(|(symbol, entry)| named(**symbol, entry) == ticker);
        found.map(|(symbol, _)| *symbol)
    }

    /// The short name of a symbol.
    pub fn ticker(&self, symbol: u16) -> String {
        let entry = self.entries.get(&symbol);
        entry.map_or_else(|| numbered(symbol), |entry| named(symbol, entry))
    }

    /// What a symbol is called, in small letters, for those who search.
    pub fn words(&self, symbol: u16) -> String {
        let info = self
            .entries
            .get(&symbol)
            .and_then(|entry| entry.info.as_ref());
        let words = info.map(|info| format!("{} {}", &*info.name, &*info.sector));
        words.unwrap_or_default().to_lowercase()
    }

    /// A row as it is shown.
    pub fn row(&self, symbol: u16) -> Option<Row> {
        let entry = self.entries.get(&symbol)?;
        let info = entry.info.as_ref();
        Some(Row {
            symbol,
            ticker: named(symbol, entry),
            name: info.map_or_else(String::new, |info| info.name.as_str().to_owned()),
            sector: info.map_or_else(String::new, |info| info.sector.as_str().to_owned()),
            quote: entry.quote,
            price: entry.price(),
            moved: entry.moved,
            changes: entry.changes,
            change: entry.change(),
        })
    }

    /// By how much the price differs from the end of the day before.
    pub fn change(&self, symbol: u16) -> Option<i64> {
        self.entries.get(&symbol)?.change()
    }

    /// How much of a symbol was traded today, as far as it was told.
    pub fn volume(&self, symbol: u16) -> Option<u64> {
        Some(self.summary(symbol)?.volume)
    }

    /// How the day of a symbol has been, as far as it was told.
    pub fn summary(&self, symbol: u16) -> Option<&Summary> {
        self.entries.get(&symbol)?.summary.as_ref()
    }
}

impl Entry {
    fn price(&self) -> Option<u64> {
        let told = self.summary.as_ref().map(|it| it.last);
        self.quote.map(|quote| quote.price).or(told)
    }

    fn change(&self) -> Option<i64> {
        let told = self.summary.as_ref().map(|it| it.previous_close);
        let before = told.or_else(|| self.info.as_ref()?.previous_close)?;
        let now = self.price()?;
        if before == 0 {
            return None;
        }
        let (before, now) = (i128::from(before), i128::from(now));
        i64::try_from((now - before) * 10_000 / before).ok()
    }
}

fn named(symbol: u16, entry: &Entry) -> String {
    let info = entry.info.as_ref();
    info.map_or_else(|| numbered(symbol), |info| info.ticker.as_str().to_owned())
}

fn numbered(symbol: u16) -> String {
    format!("#{symbol}")
}

#[cfg(test)]
mod tests {
    use trunkline_protocol::{List, Text};

    use super::*;

    fn quote(symbol: u16, price: u64) -> Quote {
        Quote {
            symbol,
            price,
            bid_below: 1,
            ask_above: 1,
            size: 10,
        }
    }

    fn info(symbol: u16, ticker: &str, previous_close: Option<u64>) -> SymbolInfo {
        SymbolInfo {
            symbol,
            ticker: Text::cut(ticker),
            name: Text::cut("Some Works"),
            sector: Text::cut("Tools"),
            previous_close,
            open: None,
        }
    }

    fn board() -> Board {
        let mut board = Board::default();
        let next = board.take_symbols(Symbols {
            symbols: List::cut([info(3, "ABCD", Some(10_000)), info(5, "EFGH", None)]),
            next: Some(6),
            simulated: true,
        });
        assert_eq!(next, Some(6));
        board
    }

    #[test]
    fn a_row_tells_where_the_price_went_and_how_far() {
        let mut board = board();
        let row = |board: &Board| {
            let row = board.row(3).expect("a row");
            (row.moved, row.changes, row.change)
        };
        assert_eq!(row(&board), (Moved::Nowhere, 0, None));
        board.take_quote(quote(3, 11_000));
        assert_eq!(row(&board), (Moved::Nowhere, 0, Some(1_000)));
        board.take_quote(quote(3, 11_000));
        assert_eq!(row(&board), (Moved::Nowhere, 0, Some(1_000)));
        board.take_quote(quote(3, 9_999));
        assert_eq!(row(&board), (Moved::Down, 1, Some(-1)));
        board.take_quote(quote(3, 10_000));
        assert_eq!(row(&board), (Moved::Up, 2, Some(0)));
        assert_eq!(board.quotes(), 4);
    }

    #[test]
    fn a_symbol_without_a_name_has_its_number() {
        let mut board = board();
        board.take_quote(quote(7, 5));
        let row = board.row(7).expect("a row");
        assert_eq!((row.ticker.as_str(), row.change), ("#7", None));
        assert_eq!(board.find("#7"), Some(7));
        // Also while its name is not known yet.
        assert_eq!(board.find("#5"), Some(5));
        assert_eq!((board.find("#8"), board.find("#x")), (None, None));
        assert_eq!(board.find("EFGH"), Some(5));
        assert_eq!(board.find("efgh"), None);
        assert_eq!(board.symbols().collect::<Vec<_>>(), [3, 5, 7]);
        assert_eq!(board.words(3), "some works tools");
        assert!(board.is_simulated() && board.row(8).is_none());
    }

    #[test]
    fn what_was_told_of_the_day_counts() {
        let mut board = board();
        board.take_quote(quote(5, 30_000));
        board.take_summaries(Summaries {
            session: None,
            symbols: List::cut([Summary {
                symbol: 5,
                previous_close: 20_000,
                open: 21_000,
                high: 31_000,
                low: 19_000,
                last: 30_000,
                volume: 700,
                spark: List::default(),
            }]),
        });
        assert_eq!(board.change(5), Some(5_000));
        assert_eq!(board.volume(5), Some(700));
        assert_eq!(board.volume(3), None);
    }

    #[test]
    fn only_what_was_overtaken_counts_as_overtaken() {
        let mut board = Board::default();
        let gap = |cause, count| Gap {
            from: 1,
            to: 9,
            count,
            cause,
        };
        board.take_gap(&gap(GapCause::Conflated, 4));
        board.take_gap(&gap(GapCause::Epoch, 2));
        board.take_gap(&gap(GapCause::Conflated, 3));
        assert_eq!(board.overtaken(), 7);
        board.count_anew();
        assert_eq!((board.overtaken(), board.quotes()), (0, 0));
    }

    #[test]
    fn no_change_overflows() {
        let mut board = Board::default();
        board.take_symbols(Symbols {
            symbols: List::cut([info(1, "A", Some(1)), info(2, "B", Some(0))]),
            next: None,
            simulated: false,
        });
        board.take_quote(quote(1, u64::MAX));
        board.take_quote(quote(2, 5));
        assert_eq!(board.change(1), None);
        assert_eq!(board.change(2), None);
    }
}
