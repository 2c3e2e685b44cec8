//! A price as somebody types it, in the reader's own way of writing numbers.
//!
//! `1,234` is 1234 to one reader and 1.234 to another. The page writes a point before decimals, so
//! that a reader whose language writes a comma may mean either: then nothing is taken.

use trunkline_protocol::topics::ticker::{PRICE_MAX, PRICE_SCALE};

/// Why a text is no price.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PriceProblem {
    /// It is no number, or none that a price can be.
    NotAPrice,
    /// It may be either of two prices.
    Ambiguous {
        /// With the mark before decimals.
        decimal: u64,
        /// With the mark between thousands.
        whole: u64,
    },
}

/// Reads a price of digits, perhaps in groups, with at most four decimals. `decimal_mark` is what
/// the reader's language writes before decimals.
///
/// # Errors
///
/// [`PriceProblem`].
pub fn parse_price(text: &str, decimal_mark: char) -> Result<u64, PriceProblem> {
    let text = text.trim();
    let marks: Vec<char> = text.chars().filter(|it| matches!(it, '.' | ',')).collect();
    let read = |decimal: Option<char>| read_price(text, decimal);
    let found = match marks[..] {
        [] => read(None),
        [mark] => {
            let (decimal, whole) = (read(Some(mark)), read(None));
            match (decimal, whole) {
                // The page's own mark is no question where the reader's language has it, too.
                (Some(decimal), Some(_)) if mark == '.' && decimal_mark == '.' => Some(decimal),
                (Some(_), Some(whole)) if mark == ',' && decimal_mark == '.' => Some(whole),
                (Some(decimal), Some(whole)) => {
                    return Err(PriceProblem::Ambiguous { decimal, whole });
                }
                (decimal, whole) => decimal.or(whole),
            }
        }
        // One mark several times is between thousands; the last of two is before decimals.
        [first, .., last] if first == last => read(None),
        [.., last] => read(Some(last)),
    };
    found.ok_or(PriceProblem::NotAPrice)
}

/// Reads a number with this mark before its decimals. All other marks must group its digits.
fn read_price(text: &str, decimal: Option<char>) -> Option<u64> {
    let (whole, parts) = decimal
        .and_then(|mark| text.rsplit_once(mark))
        .unwrap_or((text, ""));
    let whole = ungrouped(whole)?;
    let is_digits = parts.bytes().all(|it| it.is_ascii_digit());
    if whole.len() + parts.len() == 0 || parts.len() > 4 || !is_digits {
        return None;
    }
    let whole: u64 = format!("0{whole}").parse().ok()?;
    let parts: u64 = format!("{parts:0<4}").parse().ok()?;
    let price = whole.checked_mul(PRICE_SCALE)?.checked_add(parts)?;
    (1..=PRICE_MAX).contains(&price).then_some(price)
}

/// The digits of a whole number without the marks between its groups: of three digits, or in India
/// of two before the last three. None if it has other marks, or groups of other lengths.
fn ungrouped(text: &str) -> Option<String> {
    let is_mark = |it: char| matches!(it, '.' | ',' | ' ' | '\'' | '’' | '\u{a0}' | '\u{202f}');
    let mut marks = text.chars().filter(|it| is_mark(*it));
    let groups: Vec<&str> = match marks.next() {
        None => vec![text],
        Some(mark) if marks.all(|it| it == mark) => text.split(mark).collect(),
        Some(_) => return None,
    };
    let is_digits = |it: &&str| it.bytes().all(|byte| byte.is_ascii_digit());
    if !groups.iter().all(is_digits) {
        return None;
    }
    if let [first, middle @ .., last] = &groups[..] {
        let all = |len| middle.iter().all(|it| it.len() == len);
        // A group of nothing but zeros before thousands is no way to write them.
        let begins = (1..=3).contains(&first.len()) && !first.starts_with('0');
        let is_grouped = begins && last.len() == 3 && (all(3) || (all(2) && first.len() <= 2));
        if !is_grouped {
            return None;
        }
    }
    Some(groups.concat())
}

#[cfg(test)]
mod tests {
    use trunkline_protocol::topics::ticker::price_digits;

    use super::*;

    fn check(text: &str, mark: char, expected: Option<&str>) {
        let price = parse_price(text, mark).ok().map(price_digits);
        assert_eq!(price.as_deref(), expected, "{text:?} with {mark:?}");
    }

    #[test]
    fn a_decimal_comma_is_no_mark_between_thousands() {
        for mark in ['.', ','] {
            check("71,20", mark, Some("71.20"));
            check("71.20", mark, Some("71.20"));
            check("0,5", mark, Some("0.50"));
            check("0,125", mark, Some("0.125"));
            check(",5", mark, Some("0.50"));
            check("1234,567", mark, Some("1234.567"));
            check("71,2055", mark, Some("71.2055"));
        }
    }

    #[test]
    fn marks_that_leave_no_doubt_are_taken_whatever_the_language() {
        for mark in ['.', ','] {
            check("1,234.50", mark, Some("1234.50"));
            check("1.234,50", mark, Some("1234.50"));
            check("1,234,567", mark, Some("1234567.00"));
            check("1.234.567", mark, Some("1234567.00"));
            check("12,34,567.5", mark, Some("1234567.50"));
            check("1 234 567,5", mark, Some("1234567.50"));
            check("1\u{202f}234", mark, Some("1234.00"));
            check("1’234.50", mark, Some("1234.50"));
            check("1234", mark, Some("1234.00"));
        }
    }

    #[test]
    fn one_mark_before_three_digits_is_read_as_the_page_writes_it_or_not_at_all() {
        check("1,234", '.', Some("1234.00"));
        check("1.234", '.', Some("1.234"));
        for text in ["1,234", "1.234"] {
            let (decimal, whole) = (12_340, 12_340_000);
            let ambiguous = Err(PriceProblem::Ambiguous { decimal, whole });
            assert_eq!(parse_price(text, ','), ambiguous, "{text}");
        }
        // How to say which of both is meant.
        check("1,2340", ',', Some("1.234"));
        check("1234", ',', Some("1234.00"));
    }

    #[test]
    fn a_price_is_read_to_its_last_digit() {
        let check = |text: &str, price| assert_eq!(parse_price(text, '.'), Ok(price), "{text}");
        check("185.25", 1_852_500);
        check(" 1,234.5 ", 12_345_000);
        check(".0001", 1);
        check("7.", 70_000);
        check("1000000000", PRICE_MAX);
        for price in [1, 10_000, 1_852_500, 1_852_505, PRICE_MAX] {
            check(&price_digits(price), price);
        }
    }

    #[test]
    fn what_is_no_price_is_refused() {
        for text in [
            "",
            ".",
            ",",
            "0",
            "0.0000",
            "0,0000",
            "0.00001",
            "-1",
            "+1",
            "1e3",
            "1.2.3",
            "1,2,3",
            "1,23,4",
            "1,2345,678",
            "12,34.567.8",
            "1 23",
            "1 2345",
            "1,234 567",
            "1000000000.0001",
            "99999999999999999999",
            "１",
            "한",
            "71·20",
        ] {
            for mark in ['.', ','] {
                let problem = Err(PriceProblem::NotAPrice);
                assert_eq!(parse_price(text, mark), problem, "{text:?}");
            }
        }
    }
}
