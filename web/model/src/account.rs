//! Who is signed in, and which nicknames are good.

use trunkline_client::SignInError;
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

/// Why somebody could not sign in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SignInProblem {
    /// The nickname does not fit; found here or by the server.
    Nickname(NicknameProblem),
    /// The server could not be reached.
    Unreachable,
    /// The server refused for another reason, with its words.
    Refused(String),
}

impl From<SignInError> for SignInProblem {
    fn from(error: SignInError) -> Self {
        let SignInError::Refused { code, detail, .. } = error else {
            return Self::Unreachable;
        };
        match code.as_str() {
            "name_empty" => Self::Nickname(NicknameProblem::Empty),
            "name_too_long" => Self::Nickname(NicknameProblem::TooLong),
            "name_control_character" => Self::Nickname(NicknameProblem::Unprintable),
            _ if detail.is_empty() => Self::Refused(code),
            _ => Self::Refused(detail),
        }
    }
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
    #[test]
    fn a_refused_sign_in_says_what_to_change() {
        let check = |code: &str, expected| {
            let error = SignInError::Refused {
                status: 400,
                code: code.to_owned(),
                detail: "in words".to_owned(),
            };
            assert_eq!(SignInProblem::from(error), expected, "{code}");
        };
        let of_name = SignInProblem::Nickname;
        check("name_empty", of_name(NicknameProblem::Empty));
        check("name_too_long", of_name(NicknameProblem::TooLong));
        check(
            "name_control_character",
            of_name(NicknameProblem::Unprintable),
        );
        check(
            "origin_not_allowed",
            SignInProblem::Refused("in words".to_owned()),
        );
        let unreachable = SignInProblem::from(SignInError::Unreachable);
        assert_eq!(unreachable, SignInProblem::Unreachable);
    }
}
