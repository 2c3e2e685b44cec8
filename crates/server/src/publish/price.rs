//! Prices and sizes as people write them, as the whole numbers that travel.

use trunkline_protocol::topics::ticker::{PRICE_MAX, PRICE_SCALE};

/// How many digits after the point a price keeps.
const DIGITS: usize = PRICE_SCALE.ilog10() as usize;

/// A price in parts of [`PRICE_SCALE`], rounded to the nearest one.
///
/// # Errors
///
/// What was expected.
pub(super) fn price(text: &str) -> Result<u64, String> {
    let expected = || format!("{text:?} is not a price, expected a number such as 185.25");
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.len() + part.len() == 0 || !digits(whole) || !digits(part) {
        return Err(expected());
    }
    let too_great = || {
        let greatest = PRICE_MAX / PRICE_SCALE;
        format!("{text} is above the greatest price, {greatest}")
    };
    let whole: u64 = match whole.trim_start_matches('0') {
        "" => 0,
        whole => whole.parse().map_err(|_| too_great())?,
    };
    let mut parts = whole.checked_mul(PRICE_SCALE).ok_or_else(too_great)?;
    let digit = |place: usize| {
        part.as_bytes()
            .get(place)
            .map_or(0, |it| u64::from(it - b'0'))
    };
    let fraction = (0..DIGITS).fold(0, |sum, place| sum * 10 + digit(place));
    parts += fraction + u64::from(digit(DIGITS) >= 5);
    match parts {
        0 => Err(format!(
            "{text} is not above 0 when it is rounded to {DIGITS} digits"
        )),
        parts if parts > PRICE_MAX => Err(too_great()),
        parts => Ok(parts),
    }
}

/// How far two prices are from each other, as it travels.
///
/// # Errors
///
/// What was expected.
pub(super) fn distance(from: u64, to: u64) -> Result<u16, String> {
    let wrong = |why: &str| Err(format!("it is {why}"));
    let Some(parts) = to.checked_sub(from) else {
        return wrong("on the wrong side of the price");
    };
    u16::try_from(parts).or_else(|_| wrong("more than 6.5535 away from the price"))
}

/// A size: a whole number.
///
/// # Errors
///
/// What was expected.
pub(super) fn size(text: &str) -> Result<u32, String> {
    let whole = text
        .split_once('.')
        .filter(|(_, part)| part.bytes().all(|it| it == b'0'));
    let whole = whole.map_or(text, |(whole, _)| whole);
    let expected = || {
        format!(
            "{text:?} is not a size, expected a whole number up to {}",
            u32::MAX
        )
    };
    whole.parse().map_err(|_| expected())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: Result<u64, &str>) {
        let found = price(text);
        match (&found, expected) {
            (Ok(found), Ok(expected)) => assert_eq!(*found, expected, "{text}"),
            (Err(found), Err(part)) => assert!(found.contains(part), "{text}: {found}"),
            (found, _) => panic!("{text}: {found:?}"),
        }
    }

    #[test]
    fn a_price_is_read_without_an_error_of_rounding() {
        check("185.25", Ok(1_852_500));
        check("0.1", Ok(1_000));
        check("7", Ok(70_000));
        check(".5", Ok(5_000));
        check("39.", Ok(390_000));
        check("1.00005", Ok(10_001));
        check("1.018172278347936", Ok(10_182));
        check("0.99999", Ok(10_000));
        check("000001000000000", Ok(PRICE_MAX));
        check("1000000000.00004", Ok(PRICE_MAX));
        check(
            "1000000000.0001",
            Err("above the greatest price, 1000000000"),
        );
        check(
            "99999999999999999999999999",
            Err("above the greatest price"),
        );
        check("18446744073709551615", Err("above the greatest price"));
        check("0", Err("not above 0"));
        check("0.00001", Err("not above 0"));
        for no in [
            "", ".", "-1", "+1", "1e5", "1,5", "12x", "NaN", "1.2.3", "１",
        ] {
            check(no, Err("is not a price"));
        }
    }

    #[test]
    fn a_distance_and_a_size_fit() {
        assert_eq!(distance(10, 15), Ok(5));
        assert_eq!(distance(0, 65_535), Ok(u16::MAX));
        assert!(distance(0, 65_536).is_err_and(|it| it.contains("6.5535")));
        assert!(distance(15, 10).is_err_and(|it| it.contains("wrong side")));
        assert_eq!(size("300"), Ok(300));
        assert_eq!(size("300.0"), Ok(300));
        assert_eq!(size("4294967295"), Ok(u32::MAX));
        for no in ["", "-1", "4294967296", "1.5", "many"] {
            assert!(size(no).is_err(), "{no}");
        }
    }
}
