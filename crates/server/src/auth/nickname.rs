//! The name that a guest chose, checked once.

use std::fmt;
use std::str::FromStr;

/// A name of 1 to [`Nickname::CHARS_MAX`] characters without surrounding space.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Nickname(String);

impl Nickname {
    /// How long a name may be, in Unicode scalar values.
    pub(super) const CHARS_MAX: usize = 32;
}

impl FromStr for Nickname {
    type Err = InvalidNickname;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let name = text.trim();
        if name.is_empty() {
            return Err(InvalidNickname::Empty);
        }
        if name.chars().nth(Self::CHARS_MAX).is_some() {
            return Err(InvalidNickname::TooLong);
        }
        if name.chars().any(rules_others) {
            return Err(InvalidNickname::ControlCharacter);
        }
        Ok(Self(name.to_owned()))
    }
}

impl From<Nickname> for String {
    fn from(name: Nickname) -> Self {
        name.0
    }
}

/// Whether a character acts on the text around it: control characters, line and paragraph
/// separators, and those that turn the direction of what follows them.
fn rules_others(character: char) -> bool {
    character.is_control()
        || matches!(character, '\u{2028}' | '\u{2029}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Why a text is not a nickname.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum InvalidNickname {
    Empty,
    TooLong,
    ControlCharacter,
}

impl InvalidNickname {
    /// Returns the code that programs act on.
    pub(super) fn code(self) -> &'static str {
        match self {
            Self::Empty => "name_empty",
            Self::TooLong => "name_too_long",
            Self::ControlCharacter => "name_control_character",
        }
    }
}

impl fmt::Display for InvalidNickname {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("a name needs at least one character"),
            Self::TooLong => write!(f, "a name has at most {} characters", Nickname::CHARS_MAX),
            Self::ControlCharacter => f.write_str("a name has no control characters"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_1_to_32_characters_that_mind_their_own_business() {
        let ok = |text: &str, name: &str| {
            assert_eq!(text.parse(), Ok(Nickname(name.to_owned())), "{text:?}");
        };
        ok("ada", "ada");
        ok("  ada\u{3000}\n", "ada");
        ok("민지", "민지");
        ok("👩‍👩‍👧 \"'<b>", "👩‍👩‍👧 \"'<b>");
        ok(&"가".repeat(32), &"가".repeat(32));

        let refused = |text: &str, error| {
            assert_eq!(text.parse::<Nickname>(), Err(error), "{text:?}");
        };
        refused("", InvalidNickname::Empty);
        refused(" \t\n", InvalidNickname::Empty);
        refused(&"가".repeat(33), InvalidNickname::TooLong);
        refused("a\nb", InvalidNickname::ControlCharacter);
        refused("a\0b", InvalidNickname::ControlCharacter);
        refused("a\u{1b}[31mb", InvalidNickname::ControlCharacter);
        refused("a\u{202e}b", InvalidNickname::ControlCharacter);
        refused("a\u{2028}b", InvalidNickname::ControlCharacter);
    }
}
