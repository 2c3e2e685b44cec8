//! A table of prices: what its columns are, and a line of it as quotes.
//!
//! Either each line is a price of one symbol, with columns for `symbol` and `price`; or it has a
//! column for each symbol, named by it. Columns with other names are ignored: the volume of a day is
//! not the size of a trade.

use trunkline_protocol::topics::ticker::SymbolName;

use super::csv;
use super::price;
use super::time;

/// One price of one symbol.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Row {
    pub(super) at_ms: i64,
    pub(super) symbol: SymbolName,
    pub(super) price: u64,
    pub(super) bid_below: u16,
    pub(super) ask_above: u16,
    pub(super) size: u32,
}

/// What is wrong in a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct BadRow {
    /// The column, from 1 on, and its name.
    pub(super) column: Option<(usize, String)>,
    pub(super) why: String,
}

/// Which column is what.
#[derive(Clone, Debug)]
pub(super) struct Table {
    names: Vec<String>,
    time: usize,
    shape: Shape,
}

#[derive(Clone, Debug)]
enum Shape {
    Long(Long),
    Wide(Vec<(usize, SymbolName)>),
}

#[derive(Clone, Debug)]
struct Long {
    symbol: Symbol,
    price: usize,
    bid: Option<usize>,
    ask: Option<usize>,
    size: Option<usize>,
}

#[derive(Clone, Debug)]
enum Symbol {
    In(usize),
    Always(SymbolName),
}

const TIMES: [&str; 3] = ["time", "date", "timestamp"];
const SYMBOLS: [&str; 2] = ["symbol", "ticker"];
const PRICES: [&str; 3] = ["price", "close", "last"];

impl Table {
    /// Reads the first line of a file. `always` is the symbol of all lines that name none.
    pub(super) fn new(header: &str, always: Option<&SymbolName>) -> Result<Self, BadRow> {
        let names = split(header.trim_start_matches('\u{feff}'), &[])?;
        let find = |wanted: &[&str]| {
            let called = |name: &String| wanted.iter().any(|it| name.eq_ignore_ascii_case(it));
            names.iter().position(called)
        };
        let whole = |why: String| BadRow { column: None, why };
        let time = find(&TIMES)
            .ok_or_else(|| whole(format!("no column is named {}", TIMES.join(" or "))))?;
        let shape = match find(&PRICES) {
            Some(price) => {
                let symbol = find(&SYMBOLS).map(Symbol::In);
                let symbol = symbol.or_else(|| always.cloned().map(Symbol::Always));
                let missing =
                    "no column is named symbol or ticker; name the one there is by --symbol";
                Shape::Long(Long {
                    symbol: symbol.ok_or_else(|| whole(missing.to_owned()))?,
                    price,
                    bid: find(&["bid"]),
                    ask: find(&["ask"]),
                    size: find(&["size"]),
                })
            }
            None => {
                let others = names.iter().enumerate().filter(|(at, _)| *at != time);
                let symbol = |(at, name): (usize, &String)| {
                    let symbol = name.parse().map_err(|error| BadRow {
                        column: Some((at + 1, name.clone())),
                        why: format!("neither a price nor a symbol: {error}"),
                    });
                    Ok((at, symbol?))
                };
                let symbols = others.map(symbol).collect::<Result<Vec<_>, BadRow>>()?;
                if symbols.is_empty() {
                    return Err(whole(format!("no column is named {}", PRICES.join(" or "))));
                }
                Shape::Wide(symbols)
            }
        };
        Ok(Self { names, time, shape })
    }

    /// Reads a line that is not the first.
    pub(super) fn rows(&self, line: &str) -> Result<Vec<Row>, BadRow> {
        let fields = split(line, &self.names)?;
        if fields.len() != self.names.len() {
            let (found, expected) = (fields.len(), self.names.len());
            let why = format!("it has {found} columns, and the first line {expected}");
            return Err(BadRow { column: None, why });
        }
        let at_ms = time::time(&fields[self.time]).map_err(self.bad(self.time))?;
        let row = |symbol: &SymbolName, at: usize| {
            Ok(Row {
                at_ms,
                symbol: symbol.clone(),
                price: price::price(&fields[at]).map_err(self.bad(at))?,
                bid_below: 0,
                ask_above: 0,
                size: 0,
            })
        };
        match &self.shape {
            Shape::Wide(symbols) => {
                let there = symbols.iter().filter(|(at, _)| !fields[*at].is_empty());
                there.map(|(at, symbol)| row(symbol, *at)).collect()
            }
            Shape::Long(long) => {
                let mut row = match &long.symbol {
                    Symbol::Always(symbol) => row(symbol, long.price)?,
                    Symbol::In(at) => {
                        let symbol = fields[*at].parse::<SymbolName>();
                        let symbol = symbol.map_err(|error| self.bad(*at)(error.to_string()))?;
                        row(&symbol, long.price)?
                    }
                };
                self.complete(&mut row, long, &fields)?;
                Ok(vec![row])
            }
        }
    }

    /// Adds to a price what else a line says.
    fn complete(&self, row: &mut Row, long: &Long, fields: &[String]) -> Result<(), BadRow> {
        let last = row.price;
        let given = |at: Option<usize>| at.filter(|at| !fields[*at].is_empty());
        if let Some(at) = given(long.bid) {
            let below = price::price(&fields[at]).and_then(|bid| price::distance(bid, last));
            row.bid_below = below.map_err(self.bad(at))?;
        }
        if let Some(at) = given(long.ask) {
            let above = price::price(&fields[at]).and_then(|ask| price::distance(last, ask));
            row.ask_above = above.map_err(self.bad(at))?;
        }
        if let Some(at) = given(long.size) {
            row.size = price::size(&fields[at]).map_err(self.bad(at))?;
        }
        Ok(())
    }

    /// Says what is wrong in a column.
    fn bad(&self, at: usize) -> impl FnOnce(String) -> BadRow {
        let column = Some((at + 1, self.names[at].clone()));
        move |why| BadRow { column, why }
    }
}

/// The fields of a line, whose columns have these names.
fn split(line: &str, names: &[String]) -> Result<Vec<String>, BadRow> {
    csv::fields(line).map_err(|fault| BadRow {
        column: Some((
            fault.column,
            names.get(fault.column - 1).cloned().unwrap_or_default(),
        )),
        why: fault.why.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(header: &str, always: Option<&str>) -> Result<Table, BadRow> {
        let always = always.map(|it| it.parse().expect("a symbol"));
        Table::new(header, always.as_ref())
    }

    /// A line as (symbol, price, bid_below, ask_above, size), or the column and what is said of it.
    #[expect(clippy::type_complexity, reason = "rows as plain numbers")]
    fn check(
        header: &str,
        line: &str,
        expected: Result<&[(&str, u64, u16, u16, u32)], (usize, &str)>,
    ) {
        let table = table(header, Some("ONE")).expect("a header");
        match (table.rows(line), expected) {
            (Ok(rows), Ok(expected)) => {
                let plain = rows.iter().map(|it| {
                    (
                        it.symbol.as_str(),
                        it.price,
                        it.bid_below,
                        it.ask_above,
                        it.size,
                    )
                });
                assert_eq!(plain.collect::<Vec<_>>(), expected, "{line}");
            }
            (Err(bad), Err((column, part))) => {
                assert_eq!(bad.column.map_or(0, |it| it.0), column, "{line}");
                assert!(bad.why.contains(part), "{line}: {}", bad.why);
            }
            (found, _) => panic!("{line}: {found:?}"),
        }
    }

    #[test]
    fn a_line_is_a_price_of_a_symbol() {
        let full = "time,symbol,price,bid,ask,size";
        check(
            full,
            "2026-01-01,ABCD,185.25,185.24,185.30,300",
            Ok(&[("ABCD", 1_852_500, 100, 500, 300)]),
        );
        check(
            full,
            "2026-01-01,ABCD,1,,,",
            Ok(&[("ABCD", 10_000, 0, 0, 0)]),
        );
        check(full, "then,ABCD,1,,,", Err((1, "not a time")));
        check(full, "2026-01-01,abcd,1,,,", Err((2, "name of a symbol")));
        check(full, "2026-01-01,ABCD,x,,,", Err((3, "not a price")));
        check(full, "2026-01-01,ABCD,1,2,,", Err((4, "wrong side")));
        check(full, "2026-01-01,ABCD,1,,9,", Err((5, "6.5535")));
        check(full, "2026-01-01,ABCD,1,,,-1", Err((6, "not a size")));
        check(full, "2026-01-01,ABCD,1", Err((0, "3 columns")));
        check(full, "2026-01-01,\"ABCD,1,,,", Err((2, "quote")));
        // As vega-datasets has it, and with the columns of a daily bar.
        check(
            "symbol,date,price",
            "MSFT,Jan 1 2000,39.81",
            Ok(&[("MSFT", 398_100, 0, 0, 0)]),
        );
        check(
            "date,price",
            "Jan 1 2000,1394.46",
            Ok(&[("ONE", 13_944_600, 0, 0, 0)]),
        );
        // As arch has it.
        check(
            "Date,Open,High,Low,Close,Volume,Ticker",
            "1/2/2026,1,3,1,2.5,77,AB",
            Ok(&[("AB", 25_000, 0, 0, 0)]),
        );
    }

    #[test]
    fn a_line_is_a_price_of_each_symbol() {
        let wide = "date,GOOG,AAPL";
        check(
            wide,
            "2018-01-08,1.018172278347936,",
            Ok(&[("GOOG", 10_182, 0, 0, 0)]),
        );
        check(
            wide,
            "2018-01-08,1,2",
            Ok(&[("GOOG", 10_000, 0, 0, 0), ("AAPL", 20_000, 0, 0, 0)]),
        );
        check(wide, "2018-01-08,1,zero", Err((3, "not a price")));
    }

    #[test]
    fn a_first_line_says_what_the_columns_are() {
        let check = |header: &str, always, part: &str| {
            let bad = table(header, always).expect_err(header);
            assert!(bad.why.contains(part), "{header}: {}", bad.why);
        };
        check("symbol,price", None, "no column is named time");
        check("date,price", None, "--symbol");
        check("date", None, "no column is named price");
        check("date,goog", None, "neither a price nor a symbol");
        check("date,\"price", None, "quote");
        assert!(table("\u{feff}date,price", Some("ONE")).is_ok());
    }
}
