//! Over HTTP: a live line that only brings frames, and goes on by asking anew from the positions.
//!
//! To ask anew is what a probe, a change of subscriptions, a new token and the end of a response
//! have in common. The application notices nothing: it is live all the time, and calls that are
//! under way are requests of their own.

use std::time::Duration;

use trunkline_protocol::frame::Start;
use trunkline_protocol::{
    ClientFrame, DisconnectClass, DisconnectReason, Error, ErrorCode, Moment, RequestId,
    ServerFrame, User,
};

use super::line::{Line, Watchdog};
use super::requests::Waiting;
use super::{ClientEvent, ClientSession};
use crate::fallback::Transport;
use crate::one_way::{HttpAnswer, HttpRequest, POLL_WAIT, answer_to};

/// The shortest time from one long poll to the next. What comes meanwhile is gathered, so that a
/// lively topic does not cost a request for each event.
const POLL_PAUSE: Duration = Duration::from_millis(100);

/// A response that ends sooner, however friendly, is not asked for again at once.
const LIFE_MIN: Duration = Duration::from_secs(1);

/// The last request for a conversation over HTTP.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Asked {
    pub(super) at: Moment,
    /// How long the server is to wait for news.
    pub(super) wait: Duration,
    /// The server has begun to answer it.
    pub(super) greeted: bool,
    /// It carries a token that the server has not said the life of.
    pub(super) token_is_new: bool,
}

impl Asked {
    /// The first request of a line, which has just been answered.
    pub(super) fn first(at: Moment) -> Self {
        Self {
            at,
            wait: Duration::ZERO,
            greeted: true,
            token_is_new: false,
        }
    }
}

/// How soon an answer is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Urgency {
    /// When there is news.
    Patient,
    /// At once, to see whether the line lives.
    Urgent,
}

impl ClientSession {
    /// The number of the newest conversation over HTTP. What comes of others is to be dropped.
    pub fn conversation(&self) -> u32 {
        self.conversation
    }

    /// The next HTTP request to make: the conversation where frames only come, and what goes with
    /// it, also when the line has moved on to a WebSocket meanwhile.
    pub fn poll_request(&mut self) -> Option<HttpRequest> {
        while self.is_one_way()
            && let Some(frame) = self.frames.pop_front()
        {
            if matches!(frame, ClientFrame::Connect { .. }) {
                let wait = match &self.line {
                    Line::Live(live) => live.asked.wait,
                    _ => Duration::ZERO,
                };
                let transport = self.fallback.transport();
                let number = self.conversation;
                return Some(HttpRequest::converse(number, transport, wait, frame));
            }
            self.lanes.push(frame);
        }
        self.lanes.next(self.token.as_deref().unwrap_or_default())
    }

    /// The response that is the conversation has ended, and said no more.
    pub fn handle_ended(&mut self, now: Moment) {
        let nothing_wanted = self.subscriptions.values().all(|it| !it.is_on_the_line());
        match &mut self.line {
            Line::Live(live)
                if live.asked.greeted && self.fallback.transport() == Transport::Poll =>
            {
                let next = if nothing_wanted {
                    now + POLL_WAIT
                } else {
                    (live.asked.at + POLL_PAUSE).max(now)
                };
                live.watchdog = Watchdog::Listening { until: next };
            }
            _ => self.handle_closed(now, DisconnectReason::Lost),
        }
    }

    /// A request that is no conversation came to its end.
    pub fn handle_answer(&mut self, now: Moment, request: RequestId, answer: HttpAnswer) {
        self.lanes.done(request);
        if !self.line.is_live() {
            return;
        }
        let refused = |text: &str| Error::new(ErrorCode::Unavailable, text);
        match answer {
            HttpAnswer::Frame(frame) => match answer_to(request, frame) {
                Some(frame) => self.handle_live_frame(now, frame),
                None => self.handle_refused(now, request, refused("an answer to nothing")),
            },
            HttpAnswer::Refused(error) => self.handle_refused(now, request, error),
            HttpAnswer::Unauthorized => {
                self.handle_refused(now, request, refused("the token is no longer good"));
                self.refresh_now(now);
            }
            HttpAnswer::None => self.handle_refused(now, request, refused("no answer")),
        }
    }

    /// Whether there is a line, and frames only come on it.
    pub(super) fn is_one_way(&self) -> bool {
        matches!(self.line, Line::Greeting { .. } | Line::Live(_))
            && self.fallback.transport().is_one_way()
    }

    /// Goes on with another request, from the positions. The one before it is dropped.
    pub(super) fn ask_anew(&mut self, now: Moment, urgency: Urgency) {
        self.carry_over();
        self.conversation = self.conversation.wrapping_add(1);
        let frame = self.connect_frame(now);
        let patience = self.fallback.patience();
        let waits = self.fallback.transport() == Transport::Poll
            && urgency == Urgency::Patient
            && !begins_something(&frame);
        if let Line::Live(live) = &mut self.line {
            live.asked.at = now;
            live.asked.greeted = false;
            live.asked.wait = if waits { POLL_WAIT } else { Duration::ZERO };
            let until = now + live.asked.wait + patience;
            live.watchdog = Watchdog::Probing { until };
        }
        self.frames.push_back(frame);
    }

    /// The conversation stops here and goes on elsewhere: every subscription is to be asked for
    /// again, after what it has.
    pub(super) fn carry_over(&mut self) {
        let of_conversation =
            |waiting: &Waiting| matches!(waiting, Waiting::Subscribe(_) | Waiting::Unsubscribe);
        self.waiting.retain(|_, waiting| !of_conversation(waiting));
        self.frames
            .retain(|frame| !matches!(frame, ClientFrame::Connect { .. }));
        for subscription in self.subscriptions.values_mut() {
            subscription.carry_over();
        }
    }

    /// Somebody suggests that the line may be dead: it is asked for anew, unless it just was.
    pub(super) fn probe_by_asking(&mut self, now: Moment) {
        let Line::Live(live) = &self.line else { return };
        if live.asked.greeted || !live.asked.wait.is_zero() {
            self.ask_anew(now, Urgency::Urgent);
        }
    }

    /// A frame of a conversation that was asked for anew, before or after its greeting.
    pub(super) fn handle_one_way_frame(&mut self, now: Moment, frame: ServerFrame) {
        let Line::Live(live) = &self.line else { return };
        let greeted = live.asked.greeted;
        match frame {
            ServerFrame::Connected {
                user,
                ping_interval_ms,
                token_ttl_ms,
                ..
            } if !greeted => {
                let ping_interval = Duration::from_millis(u64::from(ping_interval_ms));
                let token_ttl = Duration::from_millis(u64::from(token_ttl_ms));
                self.greet_again(now, &user, ping_interval, token_ttl);
            }
            ServerFrame::Disconnect { code, .. } => self.handle_disconnect(now, code.into()),
            frame if greeted => self.handle_live_frame(now, frame),
            _ => self.reject(now),
        }
    }

    fn greet_again(
        &mut self,
        now: Moment,
        user: &User,
        ping_interval: Duration,
        token_ttl: Duration,
    ) {
        if self.user.is_some_and(|owner| owner != user.id) {
            return self.refuse_user(now);
        }
        let Line::Live(live) = &mut self.line else {
            return;
        };
        live.asked.greeted = true;
        live.ping_interval = ping_interval;
        live.heard(now);
        let measured = live.asked.wait.is_zero();
        if measured {
            live.round_trip = Some(now.since(live.asked.at));
            self.events.push_back(ClientEvent::StatusChanged);
        }
        // An old token's life was told before. Telling it again must not put its refresh off.
        if std::mem::take(&mut live.asked.token_is_new) {
            self.token_lasts(now, token_ttl);
        }
    }

    /// The server says that the response ends, and why.
    pub(super) fn handle_disconnect(&mut self, now: Moment, reason: DisconnectReason) {
        let lasted = match &self.line {
            Line::Live(live) => now.since(live.asked.at),
            _ => Duration::ZERO,
        };
        let goes_on =
            self.is_one_way() && lasted >= LIFE_MIN && reason.class() == DisconnectClass::RetryNow;
        if goes_on {
            return self.ask_anew(now, Urgency::Patient);
        }
        self.hang_up(DisconnectReason::Normal);
        self.handle_closed(now, reason);
    }
}

/// Whether a subscription is new in it, so that its answer is wanted at once.
fn begins_something(frame: &ClientFrame) -> bool {
    let ClientFrame::Connect { subscriptions, .. } = frame else {
        return false;
    };
    subscriptions
        .iter()
        .any(|subscribe| matches!(subscribe.start, Start::Newest { .. }))
}
