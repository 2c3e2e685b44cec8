//! The name that a guest chose, checked once.

use std::fmt;
use std::str::FromStr;

use trunkline_protocol::{TextForm, TextProblem, read_text};

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
        let name = read_text(text, TextForm::Name, Self::CHARS_MAX);
        name.map(|name| Self(name.into_owned()))
            .map_err(InvalidNickname)
    }
}

impl From<Nickname> for String {
    fn from(name: Nickname) -> Self {
        name.0
    }
}

/// A text was not a nickname.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct InvalidNickname(TextProblem);

impl InvalidNickname {
    /// Returns the code that programs act on.
    pub(super) fn code(self) -> &'static str {
        match self.0 {
            TextProblem::Empty => "name_empty",
            TextProblem::TooLong(_) => "name_too_long",
            TextProblem::Character(_) => "name_control_character",
        }
    }
}

impl fmt::Display for InvalidNickname {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            TextProblem::Empty => f.write_str("a name needs at least one visible character"),
            TextProblem::TooLong(_) => {
                write!(f, "a name has at most {} characters", Nickname::CHARS_MAX)
            }
            problem @ TextProblem::Character(_) => write!(f, "{problem} in a name"),
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

        let refused = |text: &str, problem: &str| {
            let error = text.parse::<Nickname>().expect_err(text);
            assert_eq!(error.to_string(), problem, "{text:?}");
        };
        let empty = "a name needs at least one visible character";
        refused("", empty);
        refused(" \t\n", empty);
        refused("\u{200b}", empty);
        refused("\u{3164}", empty);
        refused(&"가".repeat(33), "a name has at most 32 characters");
        let character = |code| format!("the character U+{code} is not allowed in a name");
        refused("a\nb", &character("000A"));
        refused("a\0b", &character("0000"));
        refused("a\u{1b}[31mb", &character("001B"));
        refused("a\u{202e}b", &character("202E"));
        refused("a\u{2028}b", &character("2028"));
    }
}
