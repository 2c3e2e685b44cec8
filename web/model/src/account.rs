//! Who is signed in, and which nicknames are good.

use trunkline_protocol::User;

/// The most characters of a nickname.
pub const NICKNAME_CHARS_MAX: usize = 32;

/// Who is signed in, as far as the page knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Account {
    /// The server was asked and has not answered.
    Asking,
    /// The server could not be reached; it is asked again.
    Unreachable,
    /// Nobody.
    SignedOut,
    /// Somebody.
    SignedIn(User),
}

impl Account {
    /// Who it is.
    pub fn user(&self) -> Option<&User> {
        match self {
            Self::SignedIn(user) => Some(user),
            Self::Asking | Self::Unreachable | Self::SignedOut => None,
        }
    }
}

/// Why a nickname does not fit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NicknameProblem {
    /// There is nothing to see in it.
    Empty,
    /// It is longer than [`NICKNAME_CHARS_MAX`].
    TooLong,
    /// It has a character that cannot be shown.
    Unprintable,
}

/// Trims a nickname and judges it as the server will.
pub fn check_nickname(input: &str) -> Result<&str, NicknameProblem> {
    let name = input.trim();
    if name.is_empty() {
        return Err(NicknameProblem::Empty);
    }
    if name.chars().any(rules_others) {
        return Err(NicknameProblem::Unprintable);
    }
    if name.chars().count() > NICKNAME_CHARS_MAX {
        Err(NicknameProblem::TooLong)
    } else {
        Ok(name)
    }
}

/// Whether a character acts on the text around it: control characters, separators of lines, and
/// those that turn the direction of what follows.
fn rules_others(character: char) -> bool {
    character.is_control()
        || matches!(character, '\u{2028}' | '\u{2029}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_nickname_is_judged_before_the_server_sees_it() {
        assert_eq!(check_nickname("  소연 "), Ok("소연"));
        assert_eq!(check_nickname(" \t"), Err(NicknameProblem::Empty));
        assert_eq!(check_nickname("a\u{7}b"), Err(NicknameProblem::Unprintable));
        assert_eq!(
            check_nickname("a\u{202e}b"),
            Err(NicknameProblem::Unprintable)
        );
        assert_eq!(
            check_nickname(&"가".repeat(32)),
            Ok("가".repeat(32).as_str())
        );
        assert_eq!(
            check_nickname(&"a".repeat(33)),
            Err(NicknameProblem::TooLong)
        );
    }
}
