//! Who is signed in: a nickname in a cookie that only the server reads, and tokens in memory.

use gloo_net::http::{Request, Response};
use js_sys::{JSON, Object, Reflect};
use trunkline_client::TokenFailure;
use trunkline_protocol::{Nickname, User};
use wasm_bindgen::JsValue;

pub(crate) use trunkline_web_model::account::{
    Account, NICKNAME_CHARS_MAX, NicknameProblem, check_nickname,
};

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
