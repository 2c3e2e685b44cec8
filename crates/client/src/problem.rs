//! Problems: refusals of the server over HTTP (RFC 9457), told apart from answers of other boxes.
//!
//! A proxy, a firewall or a login page of a network may answer in the server's place, with any
//! status. Only a problem counts as the server's word; every other answer is no answer.

use serde::Deserialize;

/// A refusal of the server.
#[derive(Debug, Deserialize)]
pub(crate) struct Problem {
    status: u16,
    /// The code that programs act on.
    pub(crate) code: String,
    /// The words for people.
    #[serde(default)]
    pub(crate) detail: String,
    /// The number of the same refusal in a frame, if there is one.
    pub(crate) number: Option<u16>,
    /// The pause before the next try, in milliseconds.
    pub(crate) retry_after_ms: Option<u32>,
}

impl Problem {
    /// Reads the body of a response with this status. None if it is not the server's.
    pub(crate) fn read(status: u16, body: &[u8]) -> Option<Self> {
        let problem: Self = serde_json::from_slice(body).ok()?;
        (problem.status == status && !problem.code.is_empty()).then_some(problem)
    }

    /// Tells whether the server has no sign-in for this request.
    pub(crate) fn is_signed_out(&self) -> bool {
        self.code == "not_signed_in"
    }

    /// Tells whether the request needs another access token.
    pub(crate) fn needs_token(&self) -> bool {
        matches!(
            self.code.as_str(),
            "not_signed_in" | "token_expired" | "token_invalid"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_problem_with_a_code_and_its_own_status_is_the_servers() {
        let check = |status, body: &str, code: Option<&str>| {
            let problem = Problem::read(status, body.as_bytes());
            assert_eq!(
                problem.map(|it| it.code).as_deref(),
                code,
                "{status} {body}"
            );
        };
        let ours = r#"{"title":"Unauthorized","status":401,"code":"not_signed_in"}"#;
        check(401, ours, Some("not_signed_in"));
        check(403, ours, None);
        check(403, "<html>Blocked by your administrator</html>", None);
        check(403, r#"{"message":"Forbidden"}"#, None);
        check(403, r#"{"status":403,"detail":"Forbidden"}"#, None);
        check(403, r#"{"status":403,"code":1020}"#, None);
        check(502, "", None);
    }
}
