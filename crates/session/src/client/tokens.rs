//! Tokens: fetched before a connection, refreshed before they expire.

use std::time::Duration;

use trunkline_protocol::{ClientFrame, DisconnectReason, Moment, Text};

use super::line::Line;
use super::over_http::Urgency;
use super::requests::Waiting;
use super::{Action, ClientSession, TokenFailure};

/// The shortest time from one refresh of a token to the next.
const REFRESH_PAUSE: Duration = Duration::from_secs(5);

impl ClientSession {
    /// The token arrived, or did not.
    pub fn handle_token(&mut self, now: Moment, token: Result<String, TokenFailure>) {
        let refreshing = self
            .waiting
            .values()
            .any(|waiting| matches!(waiting, Waiting::Token));
        match (&self.line, token) {
            (Line::FetchingToken { attempt, .. }, Ok(token)) => {
                let attempt = *attempt;
                self.token = Some(token);
                self.token_is_new = true;
                self.dial(now, attempt);
            }
            (Line::FetchingToken { .. }, Err(TokenFailure::SignedOut)) => {
                self.leave(now, Line::Stopped(DisconnectReason::SignedOut));
            }
            (Line::FetchingToken { attempt, .. }, Err(TokenFailure::Unavailable)) => {
                let attempt = *attempt;
                self.wait(now, attempt + 1, None);
            }
            (Line::Live(_), token) if refreshing => self.refresh_with(now, token),
            // The line took another course meanwhile; a fresh token is still good to have.
            (_, Ok(token)) => self.token = Some(token),
            (_, Err(_)) => {}
        }
    }

    pub(super) fn token_lasts(&mut self, now: Moment, ttl: Duration) {
        if let Line::Live(live) = &mut self.line {
            live.refresh_at = now + refresh_after(ttl);
        }
    }

    /// The token turned out to be no longer good.
    pub(super) fn refresh_now(&mut self, now: Moment) {
        let fetching = |waiting: &Waiting| matches!(waiting, Waiting::Token);
        if !self.waiting.values().any(fetching) {
            self.begin_refresh(now);
        }
    }

    pub(super) fn begin_refresh(&mut self, now: Moment) {
        self.token_lasts(now, Duration::from_secs(60));
        self.waiting
            .retain(|_, waiting| !matches!(waiting, Waiting::Token));
        self.new_request(Waiting::Token);
        self.actions.push_back(Action::FetchToken);
    }

    fn refresh_with(&mut self, now: Moment, token: Result<String, TokenFailure>) {
        self.waiting
            .retain(|_, waiting| !matches!(waiting, Waiting::Token));
        match token {
            Ok(token) if self.is_one_way() => {
                self.token = Some(token);
                self.ask_anew(now, Urgency::Patient);
                if let Line::Live(live) = &mut self.line {
                    live.asked.token_is_new = true;
                }
            }
            Ok(token) => {
                self.token = Some(token.clone());
                let id = self.new_request(Waiting::Refresh);
                let token = Text::cut(&token);
                self.frames.push_back(ClientFrame::Refresh { id, token });
            }
            Err(TokenFailure::SignedOut) => {
                self.hang_up(DisconnectReason::SignedOut);
                self.leave(now, Line::Stopped(DisconnectReason::SignedOut));
            }
            // Tried again in a while; the server closes with a code that says why if it is too late.
            Err(TokenFailure::Unavailable) => {}
        }
    }
}

/// A token is refreshed when a fifth of its life is left, and one that hardly lives not in a circle.
pub(super) fn refresh_after(ttl: Duration) -> Duration {
    ttl.mul_f64(0.8).max(REFRESH_PAUSE)
}
