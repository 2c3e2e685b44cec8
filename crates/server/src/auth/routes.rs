//! The three requests of a guest: sign in, get a token, sign out.

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use axum::extract::rejection::JsonRejection;
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, post};
use axum::{Json, Router};
use serde::{Deserialize, Serialize};
use tokio::time::timeout;

use super::cookie::GuestCookie;
use super::guests::{Guests, User};
use super::nickname::Nickname;
use super::seal::hex;
use crate::problem::Problem;

/// Bodies of these requests are one name.
const BODY_LEN_MAX: usize = 4 * 1024;

#[derive(Clone)]
struct Auth {
    guests: Arc<Guests>,
    cookie: GuestCookie,
}

/// Routes `/auth/*`. A request that is not complete within `patience` is given up.
pub(crate) fn router(guests: Arc<Guests>, behind_tls: bool, patience: Duration) -> Router {
    let hurry = move |request: Request, next: Next| async move {
        timeout(patience, next.run(request))
            .await
            .unwrap_or_else(|_| {
                let detail = "the request's body did not come in time";
                Problem::new(StatusCode::REQUEST_TIMEOUT, "request_timeout", detail).into_response()
            })
    };
    crate::http::router_of(routes())
        .with_state(Auth {
            cookie: guests.cookie(behind_tls),
            guests,
        })
        .layer(DefaultBodyLimit::max(BODY_LEN_MAX))
        .layer(from_fn(hurry))
}

/// What answers at each address.
fn routes() -> [(&'static str, MethodRouter<Auth>); 3] {
    [
        ("/auth/guest", post(guest)),
        ("/auth/token", post(token)),
        ("/auth/logout", post(logout)),
    ]
}

/// The addresses of all routes.
#[cfg(test)]
pub(crate) fn paths() -> Vec<&'static str> {
    routes().into_iter().map(|(path, _)| path).collect()
}

#[derive(Deserialize)]
struct GuestRequest {
    name: String,
}

#[derive(Serialize)]
struct GuestResponse {
    user: UserView,
}

#[derive(Serialize)]
struct TokenResponse {
    token: String,
    expires_in: u64,
    user: UserView,
}

/// A user as programs see them.
#[derive(Serialize)]
struct UserView {
    #[serde(serialize_with = "hex::serialize")]
    id: u64,
    name: String,
}

impl From<User> for UserView {
    fn from(user: User) -> Self {
        Self {
            id: user.id,
            name: user.name,
        }
    }
}

/// Signs a guest in; a browser that was here before keeps its id under a new name.
async fn guest(
    State(auth): State<Auth>,
    headers: HeaderMap,
    request: Result<Json<GuestRequest>, JsonRejection>,
) -> Result<Response, Problem> {
    let Json(request) = request.map_err(|rejection| explain(&rejection))?;
    let name: Nickname =
        request
            .name
            .parse()
            .map_err(|error: super::nickname::InvalidNickname| {
                Problem::new(StatusCode::BAD_REQUEST, error.code(), error.to_string()).field("name")
            })?;
    let now = now_unix();
    let id = match auth.known(&headers, now) {
        Some(user) => user.id,
        None => getrandom::u64().map_err(|error| Problem::internal(&error))?,
    };
    let (user, cookie) = auth.guests.sign_in(id, name, now);
    let cookie = auth.cookie.keep(&cookie, Guests::COOKIE_LIFETIME_SECS);
    let headers = [
        (header::SET_COOKIE, cookie),
        (header::CACHE_CONTROL, NO_STORE),
    ];
    Ok((headers, Json(GuestResponse { user: user.into() })).into_response())
}

/// Trades the cookie for a short access token.
async fn token(State(auth): State<Auth>, headers: HeaderMap) -> Result<Response, Problem> {
    let now = now_unix();
    let user = auth.known(&headers, now).ok_or_else(|| {
        let detail = "no valid guest cookie, sign in by POST /auth/guest";
        Problem::new(StatusCode::UNAUTHORIZED, "not_signed_in", detail)
    })?;
    let response = TokenResponse {
        token: auth.guests.issue_token(&user, now).reveal().to_owned(),
        expires_in: auth.guests.token_lifetime().as_secs(),
        user: user.into(),
    };
    Ok(([(header::CACHE_CONTROL, NO_STORE)], Json(response)).into_response())
}

/// Makes the browser forget its guest. Tokens that are out end by themselves.
async fn logout(State(auth): State<Auth>) -> Response {
    let headers = [
        (header::SET_COOKIE, auth.cookie.forget()),
        (header::CACHE_CONTROL, NO_STORE),
    ];
    (StatusCode::NO_CONTENT, headers).into_response()
}

const NO_STORE: header::HeaderValue = header::HeaderValue::from_static("no-store");

impl Auth {
    /// Returns the user whose cookie the request brings.
    fn known(&self, headers: &HeaderMap, now_unix: u64) -> Option<User> {
        self.guests.user_of_cookie(&self.cookie, headers, now_unix)
    }
}

fn explain(rejection: &JsonRejection) -> Problem {
    let expected = r#"expected {"name": "…"} as application/json of at most 4 KiB"#;
    let status = rejection.status();
    let code = match status {
        StatusCode::UNSUPPORTED_MEDIA_TYPE => "unsupported_media_type",
        StatusCode::PAYLOAD_TOO_LARGE => "body_too_large",
        // JSON of another shape is no more use to us than no JSON.
        _ => return Problem::new(StatusCode::BAD_REQUEST, "malformed_body", expected),
    };
    Problem::new(status, code, expected)
}

fn now_unix() -> u64 {
    // A clock before 1970 is broken; then every token is still good.
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_secs())
}

#[cfg(test)]
mod tests;
