//! Guests: signing in with a nickname, and the tokens that come of it.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use serde::Deserialize;
use trunkline_protocol::User;
use trunkline_session::TokenFailure;

use crate::platform::{self, BoxedFuture};

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
            return Err(SignInError::Refused {
                status: answer.status,
                problem: answer.body,
            });
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
    /// [`TokenFailure::SignedOut`] if nobody is signed in.
    pub async fn token(&self) -> Result<String, TokenFailure> {
        #[derive(Deserialize)]
        struct Granted {
            token: String,
        }
        let answer = self
            .post("/auth/token", "{}".to_owned())
            .await
            .ok_or(TokenFailure::Unavailable)?;
        match answer.status {
            200 => serde_json::from_str(&answer.body)
                .map(|granted: Granted| granted.token)
                .map_err(|_| TokenFailure::Unavailable),
            401 | 403 => Err(TokenFailure::SignedOut),
            _ => Err(TokenFailure::Unavailable),
        }
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

/// Why signing in failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SignInError {
    /// There was no answer.
    Unreachable,
    /// The server refused.
    Refused {
        /// The HTTP status.
        status: u16,
        /// The body, a problem document of RFC 9457.
        problem: String,
    },
}

impl fmt::Display for SignInError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreachable => f.write_str("the server did not answer"),
            Self::Refused { status, problem } => {
                write!(f, "the server refused with status {status}: {problem}")
            }
        }
    }
}

impl std::error::Error for SignInError {}
