//! Who is signed in: a nickname in a cookie that only the server reads, and tokens in memory.

use gloo_net::http::{Request, Response};
use js_sys::{JSON, Object, Reflect};
use trunkline_client::TokenFailure;
use trunkline_protocol::{Nickname, User};
use wasm_bindgen::JsValue;

/// The most characters of a nickname.
pub(crate) const NICKNAME_CHARS_MAX: usize = 32;

/// Who is signed in, as far as the page knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Account {
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
    pub(crate) fn user(&self) -> Option<&User> {
        match self {
            Self::SignedIn(user) => Some(user),
            Self::Asking | Self::Unreachable | Self::SignedOut => None,
        }
    }
}

/// A token and whose it is.
#[derive(Clone, Debug)]
pub(crate) struct Granted {
    /// The access token; it stays in memory.
    pub(crate) token: String,
    /// Who it speaks for.
    pub(crate) user: User,
}

/// Why somebody could not sign in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum SignInProblem {
    /// The nickname does not fit; found here or by the server.
    Nickname(NicknameProblem),
    /// The server could not be reached.
    Unreachable,
    /// The server refused for another reason, with its words.
    Refused(String),
}

/// Why a nickname does not fit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NicknameProblem {
    /// There is nothing to see in it.
    Empty,
    /// It is longer than [`NICKNAME_CHARS_MAX`].
    TooLong,
    /// It has a character that cannot be shown.
    Unprintable,
}

/// Trims a nickname and judges it as the server will.
pub(crate) fn check_nickname(input: &str) -> Result<&str, NicknameProblem> {
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

/// Asks for a token for whoever the cookie names.
pub(crate) async fn fetch_token() -> Result<Granted, TokenFailure> {
    let response = post("/auth/token", None)
        .await
        .ok_or(TokenFailure::Unavailable)?;
    match response.status() {
        200 => {}
        401 | 403 => return Err(TokenFailure::SignedOut),
        _ => return Err(TokenFailure::Unavailable),
    }
    let body = json(&response).await.ok_or(TokenFailure::Unavailable)?;
    let granted = text(&body, "token")
        .zip(user(&body))
        .map(|(token, user)| Granted { token, user });
    granted.ok_or(TokenFailure::Unavailable)
}

/// Signs in as a guest, or gives the guest another nickname.
pub(crate) async fn sign_in(nickname: &str) -> Result<User, SignInProblem> {
    let body = Object::new();
    // Setting a property of a fresh object cannot fail.
    let _ = Reflect::set(&body, &"name".into(), &nickname.into());
    let body = JSON::stringify(&body)
        .ok()
        .and_then(|text| text.as_string());
    let response = post("/auth/guest", body)
        .await
        .ok_or(SignInProblem::Unreachable)?;
    let answer = json(&response).await;
    if response.ok() {
        return answer
            .as_ref()
            .and_then(user)
            .ok_or(SignInProblem::Unreachable);
    }
    Err(answer.map_or(SignInProblem::Unreachable, |problem| {
        refusal(&problem, response.status())
    }))
}

/// Reads a problem as of RFC 9457.
fn refusal(problem: &JsValue, status: u16) -> SignInProblem {
    match text(problem, "code").as_deref() {
        Some("name_empty") => SignInProblem::Nickname(NicknameProblem::Empty),
        Some("name_too_long") => SignInProblem::Nickname(NicknameProblem::TooLong),
        Some("name_control_character") => SignInProblem::Nickname(NicknameProblem::Unprintable),
        _ => SignInProblem::Refused(
            text(problem, "detail").unwrap_or_else(|| format!("HTTP {status}")),
        ),
    }
}

/// Signs out. The cookie goes; a server that cannot be reached keeps it.
pub(crate) async fn sign_out() -> bool {
    post("/auth/logout", None)
        .await
        .is_some_and(|response| response.ok())
}

async fn post(path: &str, body: Option<String>) -> Option<Response> {
    let request = Request::post(path).header("content-type", "application/json");
    request
        .body(body.unwrap_or_else(|| "{}".to_owned()))
        .ok()?
        .send()
        .await
        .ok()
}

async fn json(response: &Response) -> Option<JsValue> {
    JSON::parse(&response.text().await.ok()?).ok()
}

fn text(object: &JsValue, name: &str) -> Option<String> {
    Reflect::get(object, &name.into()).ok()?.as_string()
}

fn user(object: &JsValue) -> Option<User> {
    let user = Reflect::get(object, &"user".into()).ok()?;
    Some(User {
        id: text(&user, "id")?.parse().ok()?,
        name: Nickname::cut(&text(&user, "name")?),
    })
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
