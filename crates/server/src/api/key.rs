//! The key of the operator's back ends.

use std::fmt;
use std::str::FromStr;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// The fewest characters of a key: enough of them at random are beyond guessing.
const LEN_MIN: usize = 20;
const LEN_MAX: usize = 256;

/// Opens the API for back ends. It is never shown, not even in a log.
#[derive(Clone, PartialEq, Eq)]
pub struct ApiKey(String);

impl ApiKey {
    /// Tells whether somebody gave this key, in a time that does not depend on how much of it is
    /// right.
    pub(crate) fn is(&self, given: &str) -> bool {
        let given = self.mac(given).finalize().into_bytes();
        self.mac(&self.0).verify_slice(&given).is_ok()
    }

    /// The key, for whoever asks with it.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    fn mac(&self, text: &str) -> Hmac<Sha256> {
        let mac = Hmac::new_from_slice(self.0.as_bytes()).expect("a key of any length is fine");
        mac.chain_update(text)
    }
}

impl fmt::Debug for ApiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ApiKey(…)")
    }
}

impl FromStr for ApiKey {
    type Err = &'static str;

    /// The error does not repeat the text, which is a secret.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.trim();
        let fits = (LEN_MIN..=LEN_MAX).contains(&text.len());
        if fits && text.bytes().all(|byte| byte.is_ascii_graphic()) {
            Ok(Self(text.to_owned()))
        } else {
            Err("invalid API key, expected 20 to 256 visible ASCII characters")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "0123456789abcdefghij";

    #[test]
    fn a_key_is_itself_and_no_part_of_it() {
        let key: ApiKey = KEY.parse().expect("a key");
        assert!(key.is(KEY));
        assert!(!key.is(&KEY[..19]));
        assert!(!key.is(&format!("{KEY}x")));
        assert!(!key.is(""));
    }

    #[test]
    fn a_key_is_long_and_is_not_shown() {
        let key: ApiKey = format!(" {KEY}\n").parse().expect("a key");
        assert!(!format!("{key:?}").contains(KEY));
        for text in ["", &KEY[..19], "0123456789 abcdefghij", &"x".repeat(257)] {
            let error = text.parse::<ApiKey>().expect_err(text);
            assert!(text.is_empty() || !error.contains(text));
        }
    }
}
