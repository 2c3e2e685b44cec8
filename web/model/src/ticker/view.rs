//! The view: which symbols of a board are shown, in which order.

use std::cmp::Reverse;

use super::{Board, Watchlist};

/// In which order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Sorting {
    /// As they are listed, or as the reader ordered what is watched.
    #[default]
    Listed,
    /// By their short names.
    Name,
    /// Those first that have risen most.
    Gain,
    /// Those first that have fallen most.
    Loss,
    /// Those first of which most was traded.
    Volume,
}

impl Sorting {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::Listed,
        Self::Name,
        Self::Gain,
        Self::Loss,
        Self::Volume,
    ];

    /// Its name, for programs.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Listed => "listed",
            Self::Name => "name",
            Self::Gain => "gain",
            Self::Loss => "loss",
            Self::Volume => "volume",
        }
    }

    /// Whether the order changes while one looks.
    pub const fn is_moving(self) -> bool {
        matches!(self, Self::Gain | Self::Loss | Self::Volume)
    }
}

/// What is shown.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct View {
    /// Only what is watched.
    pub watched: bool,
    /// Only what begins with this, or has it in its name. Empty for all.
    pub search: String,
    /// In which order.
    pub sorting: Sorting,
}

impl View {
    /// The symbols that are shown, in order.
    pub fn symbols(&self, board: &Board, watchlist: &Watchlist) -> Vec<u16> {
        let search = self.search.trim().to_lowercase();
        let mut symbols: Vec<u16> = if self.watched {
            let names = watchlist.names().iter();
            names.filter_map(|name| board.find(name)).collect()
        } else {
            board.symbols().collect()
        };
        if !search.is_empty() {
            symbols.retain(|symbol| {
                let ticker = board.ticker(*symbol).to_lowercase();
                ticker.starts_with(&search) || board.words(*symbol).contains(&search)
            });
        }
        match self.sorting {
            Sorting::Listed => {}
            Sorting::Name => symbols.sort_by_cached_key(|symbol| board.ticker(*symbol)),
            Sorting::Gain => symbols.sort_by_cached_key(|symbol| {
                let change = board.change(*symbol);
                (change.is_none(), Reverse(change))
            }),
            Sorting::Loss => symbols.sort_by_cached_key(|symbol| {
                let change = board.change(*symbol);
                (change.is_none(), change)
            }),
            Sorting::Volume => {
                symbols.sort_by_cached_key(|symbol| Reverse(board.volume(*symbol)));
            }
        }
        symbols
    }
}

#[cfg(test)]
mod tests {
    use trunkline_protocol::topics::ticker::{Quote, SymbolInfo, Symbols};
    use trunkline_protocol::{List, Text};

    use super::*;

    fn board() -> Board {
        let mut board = Board::default();
        let info = |(symbol, ticker, name): (u16, &str, &str)| SymbolInfo {
            symbol,
            ticker: Text::cut(ticker),
            name: Text::cut(name),
            sector: Text::cut("Tools"),
            previous_close: Some(100),
            open: None,
        };
        let all = [
            (1, "MOLE", "Digging Works"),
            (2, "ANTS", "Small Parts"),
            (3, "BEES", "Moles and Sons"),
        ];
        board.take_symbols(Symbols {
            symbols: List::cut(all.map(info)),
            next: None,
            simulated: true,
        });
        for (symbol, price) in [(1, 90), (2, 120)] {
            board.take_quote(Quote {
                symbol,
                price,
                bid_below: 0,
                ask_above: 0,
                size: 1,
            });
        }
        board
    }

    fn check(view: &View, expected: &[u16]) {
        let watchlist = Watchlist::parse("BEES,GONE,MOLE");
        assert_eq!(view.symbols(&board(), &watchlist), expected, "{view:?}");
    }

    #[test]
    fn symbols_are_found_by_the_begin_of_their_name_or_a_word() {
        let search = |search: &str| View {
            search: search.to_owned(),
            ..View::default()
        };
        check(&search(""), &[1, 2, 3]);
        check(&search(" mole "), &[1, 3]);
        check(&search("bee"), &[3]);
        check(&search("ee"), &[]);
        check(&search("TOOLS"), &[1, 2, 3]);
        check(&search("parts"), &[2]);
    }

    #[test]
    fn what_is_watched_keeps_the_readers_order() {
        let watched = |sorting| View {
            watched: true,
            sorting,
            ..View::default()
        };
        check(&watched(Sorting::Listed), &[3, 1]);
        check(&watched(Sorting::Name), &[3, 1]);
        check(&watched(Sorting::Gain), &[1, 3]);
    }

    #[test]
    fn what_has_no_quote_comes_last() {
        let sorted = |sorting| View {
            sorting,
            ..View::default()
        };
        check(&sorted(Sorting::Name), &[2, 3, 1]);
        check(&sorted(Sorting::Gain), &[2, 1, 3]);
        check(&sorted(Sorting::Loss), &[1, 2, 3]);
        check(&sorted(Sorting::Volume), &[1, 2, 3]);
    }
}
