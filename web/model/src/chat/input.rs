//! Judges what people type into fields, before a server has to.

use trunkline_protocol::topics::chat::{CHAT_TEXT_CHARS_MAX, RoomName};

/// Why a text is not the name of a room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RoomProblem {
    /// There is nothing yet.
    Empty,
    /// It has more than 32 characters.
    TooLong,
    /// It has a character that names do not have.
    Character(char),
    /// A dash stands at an end.
    DashAtEnd,
}

/// Reads the name of a room as people write it: capital letters and a `#` in front are forgiven.
pub fn check_room(input: &str) -> Result<RoomName, RoomProblem> {
    let trimmed = input.trim();
    let name = trimmed.strip_prefix('#').unwrap_or(trimmed).to_lowercase();
    if name.is_empty() {
        return Err(RoomProblem::Empty);
    }
    let fits = |c: &char| c.is_ascii_lowercase() || c.is_ascii_digit() || *c == '-';
    if let Some(wrong) = name.chars().find(|c| !fits(c)) {
        return Err(RoomProblem::Character(wrong));
    }
    if name.starts_with('-') || name.ends_with('-') {
        return Err(RoomProblem::DashAtEnd);
    }
    name.parse().map_err(|_| RoomProblem::TooLong)
}

/// Why a text cannot be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TextProblem {
    /// Nothing but white space.
    Empty,
    /// This many characters above the limit.
    TooLong(usize),
}

/// Trims what was typed, as the server will, and counts it.
pub fn check_text(input: &str) -> Result<&str, TextProblem> {
    let text = input.trim();
    match text.chars().count() {
        0 => Err(TextProblem::Empty),
        count if count > CHAT_TEXT_CHARS_MAX => {
            Err(TextProblem::TooLong(count - CHAT_TEXT_CHARS_MAX))
        }
        _ => Ok(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(input: &str, expected: Result<&str, RoomProblem>) {
        assert_eq!(
            check_room(input).as_ref().map(RoomName::as_str),
            expected.as_ref().map(|name| *name),
            "{input:?}"
        );
    }

    #[test]
    fn a_room_is_read_as_people_write_it() {
        check(" #Lobby ", Ok("lobby"));
        check("rust-2024", Ok("rust-2024"));
    }

    #[test]
    fn a_wrong_room_is_told_why() {
        check("  ", Err(RoomProblem::Empty));
        check("#", Err(RoomProblem::Empty));
        check("my room", Err(RoomProblem::Character(' ')));
        check("카페", Err(RoomProblem::Character('카')));
        check("a-", Err(RoomProblem::DashAtEnd));
        check(&"a".repeat(33), Err(RoomProblem::TooLong));
    }

    #[test]
    fn a_text_is_counted_in_characters_after_trimming() {
        assert_eq!(check_text("\n \t"), Err(TextProblem::Empty));
        assert_eq!(check_text(" hi \n"), Ok("hi"));
        let long = "가".repeat(CHAT_TEXT_CHARS_MAX);
        assert_eq!(check_text(&long), Ok(long.as_str()));
        assert_eq!(
            check_text(&format!("{long}각각")),
            Err(TextProblem::TooLong(2))
        );
    }
}
