//! Numbers as they are read: prices, changes, counts.

use trunkline_protocol::topics::ticker::PRICE_SCALE;

/// A price, with two digits behind the point, or four below one unit of money.
pub fn price_text(price: u64) -> String {
    let (whole, parts) = (price / PRICE_SCALE, price % PRICE_SCALE);
    if whole == 0 {
        return format!("0.{parts:04}");
    }
    // Half a hundredth and more is rounded up.
    let hundredths = whole * 100 + (parts + 50) / 100;
    format!("{}.{:02}", grouped(hundredths / 100), hundredths % 100)
}

/// A change in hundredths of a percent, with its sign.
pub fn change_text(change: i64) -> String {
    let sign = match change {
        0 => "",
        1.. => "+",
        // A sign as wide as the plus.
        _ => "−",
    };
    let size = change.unsigned_abs();
    format!("{sign}{}.{:02} %", grouped(size / 100), size % 100)
}

/// A count in short: `950`, `12.3k`, `4.56M`, `7.89G`.
pub fn count_text(count: u64) -> String {
    let units = [(1_000_000_000, "G"), (1_000_000, "M"), (1_000, "k")];
    let Some((unit, name)) = units.into_iter().find(|(unit, _)| count >= *unit) else {
        return count.to_string();
    };
    // Three figures, cut and not rounded, so that nothing reaches the next unit.
    let (whole, rest) = (count / unit, count % unit);
    match whole {
        0..=9 => format!("{whole}.{:02}{name}", rest * 100 / unit),
        10..=99 => format!("{whole}.{}{name}", rest * 10 / unit),
        _ => format!("{}{name}", grouped(whole)),
    }
}

/// Digits in groups of three.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() * 4 / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use trunkline_protocol::topics::ticker::PRICE_MAX;

    use super::*;

    #[test]
    fn a_price_has_two_digits_or_four_when_it_is_small() {
        let check = |price, expected: &str| assert_eq!(price_text(price), expected);
        check(1, "0.0001");
        check(9_999, "0.9999");
        check(10_000, "1.00");
        check(10_049, "1.00");
        check(10_050, "1.01");
        check(19_999, "2.00");
        check(1_850_000, "185.00");
        check(12_345_678_900, "1,234,567.89");
        check(PRICE_MAX, "1,000,000,000.00");
    }

    #[test]
    fn a_change_has_its_sign() {
        let check = |change, expected: &str| assert_eq!(change_text(change), expected);
        check(0, "0.00 %");
        check(1, "+0.01 %");
        check(-1, "−0.01 %");
        check(123_456, "+1,234.56 %");
        check(-10_000, "−100.00 %");
    }

    #[test]
    fn a_count_has_three_figures() {
        let check = |count, expected: &str| assert_eq!(count_text(count), expected);
        check(0, "0");
        check(999, "999");
        check(1_000, "1.00k");
        check(12_345, "12.3k");
        check(999_999, "999k");
        check(1_000_000, "1.00M");
        check(4_567_890_123, "4.56G");
        check(u64::MAX, "18,446,744,073G");
    }
}
