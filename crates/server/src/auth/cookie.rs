//! The cookie that keeps a guest in the browser.

use axum::http::{HeaderMap, HeaderValue, header};

/// How the guests' cookie is called and guarded.
#[derive(Clone, Debug)]
pub(super) struct GuestCookie {
    name: String,
    behind_tls: bool,
}

impl GuestCookie {
    /// `behind_tls` says that browsers see this server under https. Only then may a cookie be
    /// `Secure`, and have the prefix that keeps other hosts of the domain from setting it.
    ///
    /// Browsers give a cookie to every port of its host. `instance` tells the cookies of two servers
    /// on one host apart.
    pub(super) fn new(behind_tls: bool, instance: &str) -> Self {
        let prefix = if behind_tls { "__Host-" } else { "" };
        Self {
            name: format!("{prefix}trunkline_guest_{instance}"),
            behind_tls,
        }
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// Returns the `Set-Cookie` value that keeps `value` for some time.
    pub(super) fn keep(&self, value: &str, max_age_secs: u64) -> HeaderValue {
        let name = &self.name;
        let secure = if self.behind_tls { "; Secure" } else { "" };
        let cookie = format!(
            "{name}={value}; Path=/; Max-Age={max_age_secs}; HttpOnly; SameSite=Strict{secure}"
        );
        HeaderValue::from_str(&cookie).expect("sealed texts are base64url and dots")
    }

    /// Returns the `Set-Cookie` value that makes the browser forget.
    pub(super) fn forget(&self) -> HeaderValue {
        self.keep("", 0)
    }

    /// Finds the values that the request brings. There can be several; only a signature tells
    /// which one we set. What others set may have any bytes.
    pub(super) fn find<'a>(&'a self, headers: &'a HeaderMap) -> impl Iterator<Item = &'a str> {
        let lines = headers.get_all(header::COOKIE).iter();
        let pairs = lines.flat_map(|line| line.as_bytes().split(|&byte| byte == b';'));
        pairs.filter_map(|pair| {
            let pair = pair.trim_ascii();
            let value = pair
                .strip_prefix(self.name.as_bytes())?
                .strip_prefix(b"=")?;
            std::str::from_utf8(value).ok()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cookie_is_guarded_as_well_as_the_connection_allows() {
        let plain = GuestCookie::new(false, "1f").keep("v", 9);
        assert_eq!(
            plain,
            "trunkline_guest_1f=v; Path=/; Max-Age=9; HttpOnly; SameSite=Strict"
        );
        let secure = GuestCookie::new(true, "1f").keep("v", 9);
        assert_eq!(
            secure,
            "__Host-trunkline_guest_1f=v; Path=/; Max-Age=9; HttpOnly; SameSite=Strict; Secure"
        );
    }

    #[test]
    fn a_cookie_is_found_among_others() {
        let cookie = GuestCookie::new(false, "1f");
        let check = |lines: &[&str], expected: &[&str]| {
            let mut headers = HeaderMap::new();
            for line in lines {
                let line = HeaderValue::from_bytes(line.as_bytes());
                headers.append(header::COOKIE, line.expect("a header"));
            }
            let found: Vec<&str> = cookie.find(&headers).collect();
            assert_eq!(found, expected, "{lines:?}");
        };
        check(&[], &[]);
        check(&["trunkline_guest_1f=a"], &["a"]);
        check(&["x=1; trunkline_guest_1f=a;y=2"], &["a"]);
        check(
            &["x=1", "trunkline_guest_1f=a", "trunkline_guest_1f=b"],
            &["a", "b"],
        );
        check(
            &["xtrunkline_guest_1f=a; trunkline_guest_1f2=b; trunkline_guest_1f"],
            &[],
        );
        check(&["__Host-trunkline_guest_1f=a; trunkline_guest_2e=b"], &[]);
        // A page may set any bytes, and a browser sends them.
        let foreign = HeaderValue::from_bytes(b"theme=\xff\xfe; trunkline_guest_1f=a");
        let headers = HeaderMap::from_iter([(header::COOKIE, foreign.expect("a header"))]);
        assert!(cookie.find(&headers).eq(["a"]));
        check(&["theme=미나; trunkline_guest_1f=a"], &["a"]);
        check(
            &["trunkline_guest_1f=미나", "trunkline_guest_1f=a"],
            &["미나", "a"],
        );
    }
}
