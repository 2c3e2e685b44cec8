//! The server's clock, as both ends of a broadcast need it to tell how late a picture is.

use leptos::prelude::*;
use trunkline_client::Client;
use trunkline_protocol::topics::lab::{LabAsked, TellTime};
use trunkline_web_model::lab::RemoteClock;

use crate::browser::clock;
use crate::realtime::Task;

/// How often the server is asked: at first, and later.
const ASK_MS: [u32; 2] = [250, 10_000];

/// How often it is asked at first.
const FIRST: usize = 5;

/// What the server's clock says. It is asked as long as the owner lives.
#[derive(Clone, Copy)]
pub(super) struct ServerClock(StoredValue<RemoteClock, LocalStorage>);

impl ServerClock {
    /// Begins to ask.
    pub(super) fn follow(client: Client) -> Self {
        let known = Self(StoredValue::new_local(RemoteClock::default()));
        let asking = StoredValue::new_local(Some(Task::spawn(async move {
            for count in 0_usize.. {
                let sent = clock::now_us();
                if let Ok(there) = client.call::<TellTime>(&LabAsked {}).await {
                    let came = clock::now_us();
                    known
                        .0
                        .try_update_value(|it| it.note(sent, there.now_us, came));
                }
                let pause = ASK_MS[usize::from(count >= FIRST)];
                gloo_timers::future::TimeoutFuture::new(pause).await;
            }
        })));
        on_cleanup(move || asking.set_value(None));
        known
    }

    /// What the server's clock says when this page's says this.
    pub(super) fn there_us(self, here_us: u64) -> Option<u64> {
        let there = self.0.try_with_value(|it| it.there_us(here_us)).flatten()?;
        u64::try_from(there).ok()
    }
}
