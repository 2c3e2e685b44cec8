//! Guests: signing in with a nickname, and the tokens that come of it.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use serde::Deserialize;
use trunkline_protocol::{Timestamp, User};
use trunkline_session::TokenFailure;

use crate::platform::{self, BoxedFuture};
use crate::problem::Problem;

/// An access token, and the user whom it speaks for.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Granted {
    /// The token. Keep it in memory.
    pub token: String,
    /// The user.
    pub user: User,
    /// The server's time when it answered, if the head of its answer has a date.
    #[serde(skip)]
    pub at: Option<Timestamp>,
}

/// A person with a nickname on one server.
///
/// In a browser the server's cookie holds the nickname over reloads; a native guest lives as long
/// as its value.
#[derive(Clone, Debug)]
pub struct Guest {
    base: String,
    cookie: Arc<Mutex<Option<String>>>,
}

impl Guest {
    /// A guest of the server at `base`, such as `http://127.0.0.1:8787`, who may have signed in
    /// before. An empty base is the page's own server.
    pub fn at(base: impl Into<String>) -> Self {
        Self {
            base: base.into(),
            cookie: Arc::default(),
        }
    }

    /// Signs in under `nickname`.
    ///
    /// # Errors
    ///
    /// [`SignInError`] with the server's words.
    pub async fn sign_in(base: impl Into<String>, nickname: &str) -> Result<Self, SignInError> {
        let guest = Self::at(base);
        guest.rename(nickname).await?;
        Ok(guest)
    }

    /// Signs in under another nickname, as the same user if there is one.
    ///
    /// # Errors
    ///
    /// [`SignInError`] with the server's words.
    pub async fn rename(&self, nickname: &str) -> Result<User, SignInError> {
        #[derive(Deserialize)]
        struct SignedIn {
            user: User,
        }
        let body = serde_json::json!({ "name": nickname }).to_string();
        let answer = self
            .post("/auth/guest", body)
            .await
            .ok_or(SignInError::Unreachable)?;
        if answer.status != 200 {
            return Err(read_refusal(answer.status, &answer.body));
        }
        if let Some(cookie) = answer.cookie {
            *self.cookie.lock().unwrap_or_else(PoisonError::into_inner) = Some(cookie);
        }
        let signed_in: SignedIn =
            serde_json::from_str(&answer.body).map_err(|_| SignInError::Unreachable)?;
        Ok(signed_in.user)
    }

    /// A new access token.
    ///
    /// # Errors
    ///
    /// [`TokenFailure::SignedOut`] if the server says that nobody is signed in.
    pub async fn token(&self) -> Result<String, TokenFailure> {
        self.grant().await.map(|granted| granted.token)
    }

    /// A new access token, with the user whom it speaks for.
    ///
    /// # Errors
    ///
    /// [`TokenFailure::SignedOut`] if the server says that nobody is signed in. Any other failure,
    /// such as an answer that is not the server's, is [`TokenFailure::Unavailable`]: ask again.
    pub async fn grant(&self) -> Result<Granted, TokenFailure> {
        let answer = self.post("/auth/token", "{}".to_owned()).await;
        let answer = answer.ok_or(TokenFailure::Unavailable)?;
        let granted = read_grant(answer.status, &answer.body)?;
        Ok(Granted {
            at: answer.date,
            ..granted
        })
    }

    /// Signs out. False if the server did not say that it did; its cookie may still be good then.
    pub async fn sign_out(&self) -> bool {
        let answer = self.post("/auth/logout", "{}".to_owned()).await;
        // A box in between answers with other statuses, also with good ones.
        answer.is_some_and(|answer| answer.status == 204)
    }

    /// What [`Client::connect`](crate::Client::connect) asks for tokens.
    pub fn tokens(&self) -> impl Fn() -> BoxedFuture<Result<String, TokenFailure>> + use<> {
        let guest = self.clone();
        move || {
            let guest = guest.clone();
            Box::pin(async move { guest.token().await })
        }
    }

    async fn post(&self, path: &str, body: String) -> Option<platform::Answer> {
        let cookie = self
            .cookie
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        platform::post(&self.base, path, cookie.as_deref(), body).await
    }
}

fn read_grant(status: u16, body: &str) -> Result<Granted, TokenFailure> {
    if status == 200 {
        return serde_json::from_str(body).map_err(|_| TokenFailure::Unavailable);
    }
    match Problem::read(status, body.as_bytes()) {
        Some(problem) if problem.is_signed_out() => Err(TokenFailure::SignedOut),
        Some(_) | None => Err(TokenFailure::Unavailable),
    }
}

fn read_refusal(status: u16, body: &str) -> SignInError {
    match Problem::read(status, body.as_bytes()) {
        Some(problem) => SignInError::Refused {
            status,
            code: problem.code,
            detail: problem.detail,
        },
        None => SignInError::Unreachable,
    }
}

/// Why signing in failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SignInError {
    /// There was no answer, or none of the server's.
    Unreachable,
    /// The server refused.
    Refused {
        /// The HTTP status.
        status: u16,
        /// The code of the problem, such as `name_empty`.
        code: String,
        /// The server's words.
        detail: String,
    },
}

impl fmt::Display for SignInError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreachable => f.write_str("the server did not answer"),
            Self::Refused {
                status,
                code,
                detail,
            } => write!(
                f,
                "the server refused with status {status}, {code}: {detail}"
            ),
        }
    }
}

impl std::error::Error for SignInError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_not_signed_in_signs_out() {
        let check = |status, body: &str, expected| {
            assert_eq!(read_grant(status, body), Err(expected), "{status} {body}");
        };
        let not_signed_in = r#"{"status":401,"code":"not_signed_in","detail":"no cookie"}"#;
        check(401, not_signed_in, TokenFailure::SignedOut);
        let revocations_full = r#"{"status":503,"code":"overloaded"}"#;
        check(503, revocations_full, TokenFailure::Unavailable);
        let origin = r#"{"status":403,"code":"origin_not_allowed"}"#;
        check(403, origin, TokenFailure::Unavailable);
        for status in [200, 302, 401, 403, 404, 407, 429, 500, 502, 504, 511] {
            check(
                status,
                "<html>Sign in to the Wi-Fi</html>",
                TokenFailure::Unavailable,
            );
            check(status, "", TokenFailure::Unavailable);
            check(
                status,
                r#"{"error":"forbidden"}"#,
                TokenFailure::Unavailable,
            );
        }
    }

    #[test]
    fn a_grant_names_its_user() {
        let body =
            r#"{"token":"abc","expires_in":900,"user":{"id":"000000000000002a","name":"Ada"}}"#;
        let granted = read_grant(200, body).expect("a grant");
        assert_eq!((granted.token.as_str(), granted.user.id.0), ("abc", 42));
    }

    #[test]
    fn a_nickname_is_refused_by_the_server_and_by_nothing_in_between() {
        let problem = r#"{"status":400,"code":"name_empty","detail":"the name is empty"}"#;
        let refused = SignInError::Refused {
            status: 400,
            code: "name_empty".to_owned(),
            detail: "the name is empty".to_owned(),
        };
        assert_eq!(read_refusal(400, problem), refused);
        assert_eq!(read_refusal(403, "<html>"), SignInError::Unreachable);
    }
}
