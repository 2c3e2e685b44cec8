//! Climbing: a WebSocket is tried beside a line over HTTP, and takes its place once the server has
//! greeted on it.
//!
//! Nobody waits: the line that works goes on until then. Subscriptions are asked for on the new one
//! after the positions that they have by then, so that nothing is missed and nothing comes twice.

use std::time::Duration;

use trunkline_protocol::{ClientFrame, List, Moment, PROTOCOL_VERSION, ServerFrame, Text};

use super::line::Line;
use super::{Action, ClientSession};
use crate::fallback::Transport;

/// A WebSocket that is not in use yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Beside {
    Dialing {
        until: Moment,
    },
    Greeting {
        until: Moment,
        connect: Option<ClientFrame>,
    },
}

impl Beside {
    fn until(&self) -> Moment {
        match self {
            Self::Dialing { until } | Self::Greeting { until, .. } => *until,
        }
    }
}

impl ClientSession {
    /// The next frame to send on the WebSocket beside the line.
    pub fn poll_transmit_beside(&mut self) -> Option<ClientFrame> {
        match &mut self.beside {
            Some(Beside::Greeting { connect, .. }) => connect.take(),
            Some(Beside::Dialing { .. }) | None => None,
        }
    }

    /// The WebSocket beside the line is open.
    pub fn handle_beside_opened(&mut self, now: Moment) {
        let Some(Beside::Dialing { .. }) = self.beside else {
            return;
        };
        // Subscriptions follow when it is in use: until then they are at home on the other line.
        let connect = ClientFrame::Connect {
            version: PROTOCOL_VERSION,
            token: Text::cut(self.token.as_deref().unwrap_or_default()),
            agent: Text::cut(&self.agent),
            subscriptions: List::default(),
        };
        self.beside = Some(Beside::Greeting {
            until: now + self.fallback.patience(),
            connect: Some(connect),
        });
    }

    /// A frame came on the WebSocket beside the line; None if it cannot be read.
    pub fn handle_beside_frame(&mut self, now: Moment, frame: Option<ServerFrame>) {
        let Some(Beside::Greeting { .. }) = self.beside else {
            return;
        };
        match frame {
            Some(ServerFrame::Connected {
                user,
                ping_interval_ms,
                token_ttl_ms,
                ..
            }) if self.user.is_none_or(|owner| owner == user.id) => {
                self.move_over(
                    now,
                    Duration::from_millis(u64::from(ping_interval_ms)),
                    Duration::from_millis(u64::from(token_ttl_ms)),
                );
            }
            Some(_) | None => self.give_up_climb(now),
        }
    }

    /// The WebSocket beside the line is closed, or could not be opened.
    pub fn handle_beside_closed(&mut self, now: Moment) {
        if self.beside.is_some() {
            self.give_up_climb(now);
        }
    }

    /// When something is to be done about climbing, while the line is live.
    pub(super) fn climb_timeout(&self) -> Option<Moment> {
        match &self.beside {
            Some(beside) => Some(beside.until()),
            None => self.fallback.climb_at(),
        }
    }

    /// The line is live, and it is `now`.
    pub(super) fn climb(&mut self, now: Moment) {
        if self.climb_timeout().is_none_or(|until| until > now) {
            return;
        }
        if self.beside.is_some() {
            return self.give_up_climb(now);
        }
        self.fallback.begin_climb(now);
        self.actions.push_back(Action::DialBeside);
        self.beside = Some(Beside::Dialing {
            until: now + self.fallback.patience(),
        });
    }

    /// The WebSocket beside the line, if there is one, leads nowhere.
    pub(super) fn give_up_climb(&mut self, now: Moment) {
        if self.beside.take().is_some() {
            self.actions.push_back(Action::HangupBeside);
            self.fallback.handle_climb_failed(now);
        }
    }

    fn move_over(&mut self, now: Moment, ping_interval: Duration, token_ttl: Duration) {
        let Line::Live(_) = self.line else { return };
        self.beside = None;
        self.actions.push_back(Action::MoveOver);
        self.carry_over();
        self.fallback.handle_live(now, Transport::WebSocket);
        self.enter_live(now, 0, now, ping_interval, token_ttl);
    }
}
