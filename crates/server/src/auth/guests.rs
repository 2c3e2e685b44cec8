//! Makes and recognizes guests.
//!
//! Nothing about a guest is stored here: what the server knows is what it signed. Time is an
//! argument, in seconds since 1970.

use std::path::Path;
use std::time::Duration;

use axum::http::HeaderMap;

use super::cookie::GuestCookie;
use super::key;
use super::nickname::Nickname;
use super::seal::{AccessToken, Claims, Purpose, Seal, TokenError};

/// A person, as the server vouches for them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// Stays the same when the name changes.
    pub id: u64,
    /// What others see. It is not unique.
    pub name: String,
    /// When the server stops vouching, in seconds since 1970.
    pub expires_at: u64,
}

/// Signs guests in, and verifies what they bring.
#[derive(Debug)]
pub struct Guests {
    seal: Seal,
    /// Tells the cookies of this server from those of others on its host.
    instance: String,
    token_lifetime: Duration,
}

impl Guests {
    /// How long a browser keeps a guest who does not come back: a year.
    pub(super) const COOKIE_LIFETIME_SECS: u64 = 365 * 24 * 60 * 60;

    /// Opens the guests of a data folder. Makes their key on the first start.
    ///
    /// # Errors
    /// The key cannot be read or written, or is not a key.
    pub fn open(data: &Path, token_lifetime: Duration) -> anyhow::Result<Self> {
        let seal = Seal::new(key::load_or_create(data)?);
        Ok(Self {
            instance: seal.instance(),
            seal,
            token_lifetime,
        })
    }

    /// Verifies an access token, as it comes in the first frame of a conversation.
    ///
    /// # Errors
    /// Says why the token is not (or no longer) good. Takes any input, at a bounded cost.
    pub fn verify_token(&self, token: &str, now_unix: u64) -> Result<User, TokenError> {
        self.seal
            .open(Purpose::AccessToken, token, now_unix)
            .map(User::from)
    }

    /// Makes an access token for a user.
    #[must_use]
    pub fn issue_token(&self, user: &User, now_unix: u64) -> AccessToken {
        let expires_at = now_unix + self.token_lifetime.as_secs();
        let claims = Claims {
            id: user.id,
            name: user.name.clone(),
            expires_at,
        };
        AccessToken::new(self.seal.seal(Purpose::AccessToken, &claims))
    }

    /// Makes an access token for the guest whose cookie a request brings.
    pub(crate) fn token_of_cookie(
        &self,
        behind_tls: bool,
        headers: &HeaderMap,
        now_unix: u64,
    ) -> Option<AccessToken> {
        let user = self.user_of_cookie(&self.cookie(behind_tls), headers, now_unix)?;
        Some(self.issue_token(&user, now_unix))
    }

    /// Returns the name of the cookie of these guests.
    pub(crate) fn cookie_name(&self, behind_tls: bool) -> String {
        self.cookie(behind_tls).name().to_owned()
    }

    /// Returns how the cookie of these guests is called and guarded.
    pub(super) fn cookie(&self, behind_tls: bool) -> GuestCookie {
        GuestCookie::new(behind_tls, &self.instance)
    }

    /// Returns the guest whose cookie a request brings.
    pub(super) fn user_of_cookie(
        &self,
        cookie: &GuestCookie,
        headers: &HeaderMap,
        now_unix: u64,
    ) -> Option<User> {
        let mut found = cookie.find(headers);
        found.find_map(|value| self.verify_cookie(value, now_unix).ok())
    }

    /// Returns how long a new access token is valid.
    #[must_use]
    pub fn token_lifetime(&self) -> Duration {
        self.token_lifetime
    }

    /// Gives `id` a name, and returns the user with the value of their cookie.
    pub(super) fn sign_in(&self, id: u64, name: Nickname, now_unix: u64) -> (User, String) {
        let expires_at = now_unix + Self::COOKIE_LIFETIME_SECS;
        let claims = Claims {
            id,
            name: name.into(),
            expires_at,
        };
        let cookie = self.seal.seal(Purpose::GuestCookie, &claims);
        (claims.into(), cookie)
    }

    /// Verifies the value of a cookie.
    fn verify_cookie(&self, cookie: &str, now_unix: u64) -> Result<User, TokenError> {
        self.seal
            .open(Purpose::GuestCookie, cookie, now_unix)
            .map(User::from)
    }
}

impl From<Claims> for User {
    fn from(claims: Claims) -> Self {
        Self {
            id: claims.id,
            name: claims.name,
            expires_at: claims.expires_at,
        }
    }
}
