//! Signs what the server wants to be told again, and verifies it.
//!
//! A sealed text is `payload.mac`: base64url of JSON, and of an HMAC-SHA256 over a purpose and
//! the payload as written. The purpose inside the MAC keeps a cookie from passing as a token.

use std::fmt;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as BASE64;
use hmac::{Hmac, KeyInit, Mac};
use serde::{Deserialize, Serialize};
use sha2::Sha256;

use super::key::Key;

/// What the server says about a user.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Claims {
    #[serde(with = "hex")]
    pub(super) id: u64,
    pub(super) name: String,
    /// In seconds since 1970.
    #[serde(rename = "exp")]
    pub(super) expires_at: u64,
}

/// What a sealed text is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    GuestCookie,
    AccessToken,
    /// Nothing is sealed for it: it names the server.
    Instance,
}

impl Purpose {
    /// What the MAC begins with. No label may be the beginning of another.
    fn label(self) -> &'static [u8] {
        match self {
            Self::GuestCookie => b"trunkline guest cookie v1\0",
            Self::AccessToken => b"trunkline access token v1\0",
            Self::Instance => b"trunkline instance v1\0",
        }
    }
}

/// Why a token is not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenError {
    /// It was never one of ours.
    Malformed,
    /// It was changed, made for another purpose, or signed by another key.
    BadSignature,
    /// It was good once.
    Expired,
}

impl fmt::Display for TokenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Malformed => "malformed token",
            Self::BadSignature => "bad signature of a token",
            Self::Expired => "expired token",
        })
    }
}

impl std::error::Error for TokenError {}

/// An access token: whoever has it is the user. Its `Debug` does not show it.
#[derive(Clone, PartialEq, Eq)]
pub struct AccessToken(String);

impl AccessToken {
    pub(super) fn new(token: String) -> Self {
        Self(token)
    }

    /// Returns the token, to be sent to its owner and to nobody else.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for AccessToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AccessToken(***)")
    }
}

/// The seal of one server.
#[derive(Debug)]
pub(super) struct Seal(Key);

impl Seal {
    /// Longer texts are refused unread; ours, with the longest name, stay below.
    const LEN_MAX: usize = 1024;

    pub(super) fn new(key: Key) -> Self {
        Self(key)
    }

    /// Signs claims for a purpose.
    pub(super) fn seal(&self, purpose: Purpose, claims: &Claims) -> String {
        let payload = BASE64.encode(serde_json::to_vec(claims).expect("claims are plain data"));
        let mac = self.mac(purpose, &payload).finalize().into_bytes();
        format!("{payload}.{}", BASE64.encode(mac))
    }

    /// Verifies what [`Seal::seal`] made for the same purpose.
    pub(super) fn open(
        &self,
        purpose: Purpose,
        sealed: &str,
        now_unix: u64,
    ) -> Result<Claims, TokenError> {
        if sealed.len() > Self::LEN_MAX {
            return Err(TokenError::Malformed);
        }
        let (payload, mac) = sealed.split_once('.').ok_or(TokenError::Malformed)?;
        let mac = BASE64.decode(mac).map_err(|_| TokenError::Malformed)?;
        // In constant time, and before anything in the payload is believed.
        let verified = self.mac(purpose, payload).verify_slice(&mac);
        verified.map_err(|_| TokenError::BadSignature)?;
        let json = BASE64.decode(payload).map_err(|_| TokenError::Malformed)?;
        let claims: Claims = serde_json::from_slice(&json).map_err(|_| TokenError::Malformed)?;
        if now_unix >= claims.expires_at {
            return Err(TokenError::Expired);
        }
        Ok(claims)
    }

    /// Returns eight hexadecimal digits that tell this seal from others, and nothing about its key.
    pub(super) fn instance(&self) -> String {
        let mac = self.mac(Purpose::Instance, "").finalize().into_bytes();
        mac.iter()
            .take(4)
            .map(|byte| format!("{byte:02x}"))
            .collect()
    }

    fn mac(&self, purpose: Purpose, payload: &str) -> Hmac<Sha256> {
        let key = self.0.bytes();
        let mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes keys of any length");
        mac.chain_update(purpose.label()).chain_update(payload)
    }
}

/// Ids as 16 hexadecimal digits: JSON's numbers lose the last digits of a u64 in a browser.
pub(super) mod hex {
    use serde::{Deserialize, Deserializer, Serializer, de};

    pub(in crate::auth) fn serialize<S: Serializer>(id: &u64, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(&format_args!("{id:016x}"))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<u64, D::Error> {
        let text = String::deserialize(from)?;
        u64::from_str_radix(&text, 16).map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests;
