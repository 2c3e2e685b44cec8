//! Times as people write them, in milliseconds since 1970.

const MONTHS: [&str; 12] = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
];

/// From here on a number means milliseconds. As seconds, it would be in the year 5138.
const MS_FROM: i64 = 100_000_000_000;

/// A time in UTC: `2026-01-31`, `2026-01-31T09:30:00.5Z` (or with a space, or an offset),
/// `Jan 31 2026`, `1/31/2026` with the month first, or seconds or milliseconds since 1970.
///
/// # Errors
///
/// What was expected.
pub(super) fn time(text: &str) -> Result<i64, String> {
    let read = number(text).or_else(|| iso(text));
    let read = read.or_else(|| words(text)).or_else(|| slashes(text));
    read.ok_or_else(|| {
        format!(
            "{text:?} is not a time, expected one such as 2026-01-31, 2026-01-31T09:30:00Z, \
             Jan 31 2026, 1/31/2026 or seconds since 1970"
        )
    })
}

fn number(text: &str) -> Option<i64> {
    let number: i64 = text.parse().ok()?;
    match number {
        0..MS_FROM => Some(number * 1000),
        MS_FROM.. => (number < MS_FROM * 1000).then_some(number),
        _ => None,
    }
}

/// `Jan 31 2026`, also with a comma after the day.
fn words(text: &str) -> Option<i64> {
    let text = text.to_ascii_lowercase().replace(',', " ");
    let mut words = text.split_whitespace();
    let (name, day, year) = (words.next()?, words.next()?, words.next()?);
    let month = MONTHS.iter().position(|month| month.starts_with(name))?;
    if words.next().is_some() || name.len() < 3 {
        return None;
    }
    let days = days(year.parse().ok()?, month as i64 + 1, day.parse().ok()?)?;
    Some(days * DAY_MS)
}

/// `1/31/2026`.
fn slashes(text: &str) -> Option<i64> {
    let mut parts = text.split('/');
    let (month, day, year) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() || year.len() != 4 {
        return None;
    }
    let days = days(year.parse().ok()?, digits(month)?, digits(day)?)?;
    Some(days * DAY_MS)
}

const DAY_MS: i64 = 24 * 60 * 60 * 1000;

fn iso(text: &str) -> Option<i64> {
    let (date, clock) = match text.split_once(['T', 't', ' ']) {
        Some((date, clock)) => (date, Some(clock)),
        None => (text, None),
    };
    let mut parts = date.split('-');
    let (year, month, day) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() || year.len() != 4 {
        return None;
    }
    let days = days(year.parse().ok()?, digits(month)?, digits(day)?)?;
    let clock = match clock {
        Some(clock) => clock_ms(clock.trim())?,
        None => 0,
    };
    Some(days * DAY_MS + clock)
}

/// `09:30`, `09:30:00.5`, each perhaps with `Z` or an offset such as `+09:00`.
fn clock_ms(text: &str) -> Option<i64> {
    let (clock, offset) = match text.find(['Z', 'z', '+', '-']) {
        Some(at) => (&text[..at], &text[at..]),
        None => (text, ""),
    };
    let minutes_east = match offset {
        "" | "Z" | "z" => 0,
        offset => {
            let (hours, minutes) = offset[1..].split_once(':')?;
            let minutes = bounded(hours, 14)? * 60 + bounded(minutes, 59)?;
            if offset.starts_with('-') {
                -minutes
            } else {
                minutes
            }
        }
    };
    let mut parts = clock.split(':');
    let (hours, minutes) = (bounded(parts.next()?, 23)?, bounded(parts.next()?, 59)?);
    let (seconds, ms) = match parts.next() {
        None => (0, 0),
        Some(seconds) => {
            let (seconds, part) = seconds.split_once('.').unwrap_or((seconds, ""));
            let ms = part.bytes().chain(*b"000").take(3);
            let ms = ms.map(|it| it.is_ascii_digit().then(|| i64::from(it - b'0')));
            let ms = ms.collect::<Option<Vec<i64>>>()?;
            (
                bounded(seconds, 59)?,
                ms.iter().fold(0, |sum, it| sum * 10 + it),
            )
        }
    };
    if parts.next().is_some() {
        return None;
    }
    Some(((hours * 60 + minutes - minutes_east) * 60 + seconds) * 1000 + ms)
}

fn digits(text: &str) -> Option<i64> {
    let plain = matches!(text.len(), 1..=2) && text.bytes().all(|it| it.is_ascii_digit());
    text.parse().ok().filter(|_| plain)
}

fn bounded(text: &str, max: i64) -> Option<i64> {
    digits(text).filter(|number| *number <= max)
}

/// Days since 1970 of a date that is one, by the Gregorian calendar.
fn days(year: i64, month: i64, day: i64) -> Option<i64> {
    let leaps = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let len = match month {
        2 => 28 + i64::from(leaps),
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => return None,
    };
    if !(1..=9999).contains(&year) || !(1..=len).contains(&day) {
        return None;
    }
    // Years that begin in March have their leap day at the end.
    let (year, month) = if month > 2 {
        (year, month - 3)
    } else {
        (year - 1, month + 9)
    };
    let before = (153 * month + 2) / 5;
    const UNTIL_1970: i64 = 719_468;
    Some(365 * year + year / 4 - year / 100 + year / 400 + before + day - 1 - UNTIL_1970)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: Option<i64>) {
        assert_eq!(time(text).ok(), expected, "{text:?}");
    }

    #[test]
    fn times_are_read_as_people_write_them() {
        check("1970-01-01", Some(0));
        check("2000-03-01", Some(951_868_800_000));
        check("2026-01-01", Some(1_767_225_600_000));
        check("2024-02-29T12:00", Some(1_709_208_000_000));
        check("2026-01-01T00:00:01Z", Some(1_767_225_601_000));
        check("2026-01-01 00:00:01.25", Some(1_767_225_601_250));
        check("2026-01-01T09:00:00+09:00", Some(1_767_225_600_000));
        check("2025-12-31T19:00:00.000-05:00", Some(1_767_225_600_000));
        check("Jan 1 2026", Some(1_767_225_600_000));
        check("January 1, 2026", Some(1_767_225_600_000));
        check("1/1/2026", Some(1_767_225_600_000));
        check("1767225600", Some(1_767_225_600_000));
        check("1767225600123", Some(1_767_225_600_123));
    }

    #[test]
    fn what_is_no_time_is_none() {
        for no in [
            "",
            "yesterday",
            "2026-13-01",
            "2026-02-29",
            "2026-1",
            "26-01-01",
            "2026-01-01T24:00",
            "2026-01-01T12:60",
            "2026-01-01T12:00:00+9",
            "Foo 1 2026",
            "Ma 1 2026",
            "Mayday 1 2026",
            "Jan 32 2026",
            "31/1/2026",
            "1/1/26",
            "-5",
            "99999999999999999",
            "9999999999999999999999",
            "2026-01-01T12:00:00.x",
        ] {
            check(no, None);
        }
    }
}
