//! The cookie that keeps a guest in the browser.

use axum::http::{HeaderMap, HeaderValue, header};

/// How the guests' cookie is called and guarded.
#[derive(Clone, Copy, Debug)]
pub(super) struct GuestCookie {
    behind_tls: bool,
}

impl GuestCookie {
    /// `behind_tls` says that browsers see this server under https. Only then may a cookie be
    /// `Secure`, and have the prefix that keeps other hosts of the domain from setting it.
    pub(super) fn new(behind_tls: bool) -> Self {
        Self { behind_tls }
    }

    fn name(self) -> &'static str {
        if self.behind_tls {
            "__Host-trunkline_guest"
        } else {
            "trunkline_guest"
        }
    }

    /// Returns the `Set-Cookie` value that keeps `value` for some time.
    pub(super) fn keep(self, value: &str, max_age_secs: u64) -> HeaderValue {
        let name = self.name();
        let secure = if self.behind_tls { "; Secure" } else { "" };
        let cookie = format!(
            "{name}={value}; Path=/; Max-Age={max_age_secs}; HttpOnly; SameSite=Strict{secure}"
        );
        HeaderValue::from_str(&cookie).expect("sealed texts are base64url and dots")
    }

    /// Returns the `Set-Cookie` value that makes the browser forget.
    pub(super) fn forget(self) -> HeaderValue {
        self.keep("", 0)
    }

    /// Finds the values that the request brings. There can be several; only a signature tells
    /// which one we set.
    pub(super) fn find(self, headers: &HeaderMap) -> impl Iterator<Item = &str> {
        let values = headers.get_all(header::COOKIE).iter();
        let pairs = values
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(';'));
        pairs.filter_map(move |pair| {
            let (name, value) = pair.trim().split_once('=')?;
            (name == self.name()).then_some(value)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cookie_is_guarded_as_well_as_the_connection_allows() {
        let plain = GuestCookie::new(false).keep("v", 9);
        assert_eq!(
            plain,
            "trunkline_guest=v; Path=/; Max-Age=9; HttpOnly; SameSite=Strict"
        );
        let secure = GuestCookie::new(true).keep("v", 9);
        assert_eq!(
            secure,
            "__Host-trunkline_guest=v; Path=/; Max-Age=9; HttpOnly; SameSite=Strict; Secure"
        );
    }

    #[test]
    fn a_cookie_is_found_among_others() {
        let check = |lines: &[&'static str], expected: &[&str]| {
            let mut headers = HeaderMap::new();
            for line in lines {
                headers.append(header::COOKIE, HeaderValue::from_static(line));
            }
            let found: Vec<&str> = GuestCookie::new(false).find(&headers).collect();
            assert_eq!(found, expected, "{lines:?}");
        };
        check(&[], &[]);
        check(&["trunkline_guest=a"], &["a"]);
        check(&["x=1; trunkline_guest=a;y=2"], &["a"]);
        check(
            &["x=1", "trunkline_guest=a", "trunkline_guest=b"],
            &["a", "b"],
        );
        check(
            &["xtrunkline_guest=a; trunkline_guest2=b; trunkline_guest"],
            &[],
        );
        check(&["__Host-trunkline_guest=a"], &[]);
    }
}
