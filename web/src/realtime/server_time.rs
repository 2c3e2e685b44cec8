//! The server's wall clock: it comes with each token, and judges whatever the server has dated.

use leptos::prelude::*;
use leptos::task::spawn_local;
use trunkline_client::{Granted, TokenFailure};
use trunkline_protocol::Timestamp;
use trunkline_web_model::server_time::ServerTime;

use super::Realtime;
use crate::account;
use crate::browser::{clock, events};

/// The interval between checks whether the server's time is still known, in milliseconds.
const CHECK_MS: u64 = 10_000;

impl Realtime {
    /// The server's time, which judges whatever the server has dated.
    pub(crate) fn server_now(self) -> Timestamp {
        let time = self.server_time.try_get().unwrap_or_default();
        time.now(clock::device())
    }

    /// The same, for what need not hear of a change.
    pub(crate) fn server_now_untracked(self) -> Timestamp {
        let time = self.server_time.try_get_untracked().unwrap_or_default();
        time.now(clock::device())
    }

    /// Takes the time of an event that the server has dated.
    pub(crate) fn note_dated(self, at: Timestamp) {
        let here = clock::device();
        let mut time = self.server_time.try_get_untracked().unwrap_or_default();
        time.note_event(at, here);
        self.set_time(time);
    }

    fn set_time(self, time: ServerTime) {
        if self.server_time.try_get_untracked() != Some(time) {
            self.server_time.try_set(time);
        }
    }

    /// Fetches a token, and takes the server's time from the answer.
    pub(super) async fn fetch_token(self) -> Result<Granted, TokenFailure> {
        let sent = clock::device();
        let granted = account::fetch_token().await?;
        let came = clock::device();
        let mut time = self.server_time.try_get_untracked().unwrap_or_default();
        match granted.at {
            Some(date) => time.note_answer(sent, date, came),
            None => time.note_silence(came),
        }
        self.set_time(time);
        Ok(granted)
    }

    /// Asks the server again after the device has slept, or its clock was set.
    pub(super) fn keep_time(self) {
        let looks = events::ticks(CHECK_MS, || true);
        Effect::new(move |_| {
            looks.track();
            let time = self.server_time.get_untracked();
            if time.is_doubtful(clock::device()) && self.client.with_untracked(Option::is_some) {
                // Without an answer it is asked at the next look.
                spawn_local(async move { drop(self.fetch_token().await) });
            }
        });
    }
}
