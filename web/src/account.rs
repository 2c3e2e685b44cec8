//! Signing in and out: a nickname in a cookie that only the server reads, and tokens in memory.

use trunkline_client::{Granted, Guest, TokenFailure};
use trunkline_protocol::User;

pub(crate) use trunkline_web_model::account::{
    Account, NICKNAME_CHARS_MAX, NicknameProblem, SignInProblem, check_nickname,
};

/// Asks for a token for the user whom the cookie names.
pub(crate) async fn fetch_token() -> Result<Granted, TokenFailure> {
    here().grant().await
}

/// Signs in as a guest, or gives the guest another nickname.
pub(crate) async fn sign_in(nickname: &str) -> Result<User, SignInProblem> {
    Ok(here().rename(nickname).await?)
}

/// Signs out. The cookie goes; a server that cannot be reached keeps it.
pub(crate) async fn sign_out() -> bool {
    here().sign_out().await
}

/// The guest of the page's own server, whose cookie the browser keeps.
fn here() -> Guest {
    Guest::at("")
}
