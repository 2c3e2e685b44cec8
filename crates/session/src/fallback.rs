//! Fallback: which transport a client tries, and when it tries the WebSocket again.
//!
//! Only a line that did not come to speak is held against its transport: a close code comes from the
//! server, so whatever it says, its transport works. What works is home, and home is not left for a
//! short outage.

use std::time::Duration;

use trunkline_protocol::Moment;

/// A way to reach a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Transport {
    /// Frames both ways.
    WebSocket,
    /// The response to one HTTP request goes on as long as the conversation.
    Stream,
    /// Each HTTP request is answered with the next news.
    Poll,
}

impl Transport {
    /// All of them, in the order in which a client tries them.
    pub const ALL: [Self; 3] = [Self::WebSocket, Self::Stream, Self::Poll];

    /// Tells whether frames only come: what a client says are requests of their own.
    pub const fn is_one_way(self) -> bool {
        match self {
            Self::WebSocket => false,
            Self::Stream | Self::Poll => true,
        }
    }

    /// The name to keep it under.
    pub const fn name(self) -> &'static str {
        match self {
            Self::WebSocket => "websocket",
            Self::Stream => "stream",
            Self::Poll => "poll",
        }
    }

    /// The transport that was kept under `name`.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.name() == name)
    }

    const fn next(self) -> Self {
        match self {
            Self::WebSocket => Self::Stream,
            Self::Stream => Self::Poll,
            Self::Poll => Self::WebSocket,
        }
    }

    /// How often it may fail before the next one is tried.
    const fn failures_max(self) -> u32 {
        match self {
            Self::WebSocket | Self::Stream => 2,
            Self::Poll => 1,
        }
    }
}

/// How long a line may take to open, and then to speak, where there is another one to try.
const PATIENCE: Duration = Duration::from_secs(5);

/// The same where there is no other.
const PATIENCE_ALONE: Duration = Duration::from_secs(10);

/// How often what has worked may fail before it is left: a server that restarts is no reason to.
const FAILURES_AT_HOME_MAX: u32 = 6;

/// Silence says more than a close, which may be an outage that passes.
const SILENCE_WEIGHS: u32 = 3;

/// For how long it is worth knowing what worked.
pub const REMEMBERED_FOR: Duration = Duration::from_secs(60 * 60);

/// The pause before the WebSocket is tried beside a line over HTTP for the first time. Short,
/// since an outage may have looked like a blocked WebSocket.
const FIRST_CLIMB: Duration = Duration::from_secs(5);

/// The pause before the second time. It doubles with each further one.
const NEXT_CLIMB: Duration = Duration::from_secs(60);

/// The longest pause.
const LONGEST_CLIMB: Duration = Duration::from_secs(15 * 60);

/// How a line failed that did not come to speak.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Failure {
    /// It did not open, or was closed without a word of the server's.
    Closed,
    /// Nothing came for as long as the patience lasts.
    Silent,
}

/// Which transport to try.
#[derive(Clone, Debug)]
pub struct Fallback {
    enabled: bool,
    transport: Transport,
    /// What worked last.
    home: Option<Transport>,
    failures: u32,
    online: bool,
    climb: Climb,
}

/// The way back to the WebSocket.
#[derive(Clone, Debug, Default)]
struct Climb {
    due: Option<Moment>,
    begun: Option<Moment>,
    failures: u32,
}

impl Fallback {
    /// The WebSocket alone, whatever happens.
    pub fn off() -> Self {
        Self {
            enabled: false,
            ..Self::new(None)
        }
    }

    /// All transports. What is `remembered` of earlier clients on this network, with its age, is
    /// tried first.
    pub fn new(remembered: Option<(Transport, Duration)>) -> Self {
        let fresh = remembered.filter(|(_, age)| *age <= REMEMBERED_FOR);
        Self {
            enabled: true,
            transport: fresh.map_or(Transport::WebSocket, |(transport, _)| transport),
            home: None,
            failures: 0,
            online: true,
            climb: Climb::default(),
        }
    }

    /// What to try, or what is in use.
    pub fn transport(&self) -> Transport {
        self.transport
    }

    /// How long a line may take to open, and then to speak.
    pub(crate) fn patience(&self) -> Duration {
        if self.enabled {
            PATIENCE
        } else {
            PATIENCE_ALONE
        }
    }

    /// When to try the WebSocket beside the line that works.
    pub(crate) fn climb_at(&self) -> Option<Moment> {
        self.climb.due
    }

    /// Whether there is a network at all, as far as anybody knows. Without one, failures prove
    /// nothing.
    pub(crate) fn set_online(&mut self, online: bool) {
        self.online = online;
    }

    /// A line did not come to speak.
    pub(crate) fn handle_failed(&mut self, failure: Failure) {
        if !self.enabled || !self.online {
            return;
        }
        self.failures += match failure {
            Failure::Closed => 1,
            Failure::Silent => SILENCE_WEIGHS,
        };
        let failures_max = if self.home == Some(self.transport) {
            FAILURES_AT_HOME_MAX
        } else {
            self.transport.failures_max()
        };
        if self.failures >= failures_max {
            self.transport = self.transport.next();
            self.failures = 0;
        }
    }

    /// The server has greeted over `transport`: it works.
    pub(crate) fn handle_live(&mut self, now: Moment, transport: Transport) {
        self.transport = transport;
        self.home = Some(transport);
        self.failures = 0;
        match transport {
            Transport::WebSocket => self.climb = Climb::default(),
            Transport::Stream | Transport::Poll => {
                let pause = climb_pause(self.climb.failures);
                self.climb.due.get_or_insert(now + pause);
            }
        }
    }

    /// The world may have changed: what failed may work.
    pub(crate) fn handle_wake(&mut self, now: Moment) {
        self.failures = 0;
        if let Some(home) = self.home {
            self.transport = home;
        }
        self.climb.failures = 0;
        if let Some(due) = &mut self.climb.due {
            let soonest = self.climb.begun.map_or(now, |begun| begun + FIRST_CLIMB);
            *due = soonest.max(now).min(*due);
        }
    }

    /// The WebSocket is being tried beside the line.
    pub(crate) fn begin_climb(&mut self, now: Moment) {
        self.climb.begun = Some(now);
        self.climb.due = None;
    }

    /// It did not come to speak, or the line beside it was lost.
    pub(crate) fn handle_climb_failed(&mut self, now: Moment) {
        self.climb.failures = self.climb.failures.saturating_add(1);
        self.climb.due = Some(now + climb_pause(self.climb.failures));
    }
}

fn climb_pause(failures: u32) -> Duration {
    match failures.checked_sub(1) {
        None => FIRST_CLIMB,
        Some(doublings) => NEXT_CLIMB
            .saturating_mul(1_u32.checked_shl(doublings).unwrap_or(u32::MAX))
            .min(LONGEST_CLIMB),
    }
}

#[cfg(test)]
mod tests {
    use super::Failure::{Closed, Silent};
    use super::Transport::{Poll, Stream, WebSocket};
    use super::*;

    /// What is tried first and after each failure.
    fn check(mut fallback: Fallback, failures: &[Failure], expected: &[Transport]) {
        let mut tried = vec![fallback.transport()];
        for failure in failures {
            fallback.handle_failed(*failure);
            tried.push(fallback.transport());
        }
        assert_eq!(tried, expected);
    }

    fn remembered(transport: Transport, minutes: u64) -> Fallback {
        Fallback::new(Some((transport, Duration::from_secs(60 * minutes))))
    }

    fn at_home(transport: Transport) -> Fallback {
        let mut fallback = Fallback::new(None);
        fallback.handle_live(Moment::from_ms(0), transport);
        fallback
    }

    #[test]
    fn what_is_closed_twice_gives_way_to_the_next() {
        check(
            Fallback::new(None),
            &[Closed, Closed, Closed, Closed, Closed],
            &[WebSocket, WebSocket, Stream, Stream, Poll, WebSocket],
        );
    }

    #[test]
    fn what_is_silent_gives_way_at_once() {
        check(
            Fallback::new(None),
            &[Silent, Silent, Silent],
            &[WebSocket, Stream, Poll, WebSocket],
        );
    }

    #[test]
    fn what_has_worked_is_not_left_for_a_short_outage() {
        let mut expected = vec![Stream; 6];
        expected.push(Poll);
        check(at_home(Stream), &[Closed; 6], &expected);
        check(
            at_home(WebSocket),
            &[Silent, Silent],
            &[WebSocket, WebSocket, Stream],
        );
    }

    #[test]
    fn without_a_network_nothing_is_held_against_a_transport() {
        let mut fallback = Fallback::new(None);
        fallback.set_online(false);
        check(fallback.clone(), &[Closed, Silent, Silent], &[WebSocket; 4]);
        fallback.set_online(true);
        check(fallback, &[Silent], &[WebSocket, Stream]);
    }

    #[test]
    fn without_fallback_the_websocket_is_all_there_is() {
        check(Fallback::off(), &[Silent; 9], &[WebSocket; 10]);
        assert_eq!(Fallback::off().patience(), PATIENCE_ALONE);
        assert_eq!(Fallback::new(None).patience(), PATIENCE);
    }

    #[test]
    fn what_worked_an_hour_ago_is_tried_first() {
        check(remembered(Poll, 60), &[Closed], &[Poll, WebSocket]);
        check(remembered(Poll, 61), &[], &[WebSocket]);
    }

    #[test]
    fn a_wake_goes_back_to_what_worked() {
        let mut fallback = at_home(WebSocket);
        (0..6).for_each(|_| fallback.handle_failed(Closed));
        assert_eq!(fallback.transport(), Stream);
        fallback.handle_wake(Moment::from_ms(0));
        assert_eq!(fallback.transport(), WebSocket);
    }

    #[test]
    fn the_pause_before_a_climb_grows() {
        let mut fallback = at_home(Stream);
        let mut pauses = Vec::new();
        for _ in 0..7 {
            let due = fallback.climb_at().expect("a climb is due");
            let since = fallback.climb.begun.unwrap_or(Moment::from_ms(0));
            pauses.push(due.since(since).as_secs());
            fallback.begin_climb(due);
            assert_eq!(fallback.climb_at(), None);
            fallback.handle_climb_failed(due);
        }
        assert_eq!(pauses, [5, 60, 120, 240, 480, 900, 900]);
    }

    #[test]
    fn a_wake_brings_the_climb_forward_but_not_in_a_circle() {
        let mut fallback = at_home(Poll);
        let second = |n: u64| Moment::from_ms(1_000 * n);
        fallback.handle_wake(second(1));
        assert_eq!(fallback.climb_at(), Some(second(1)));
        fallback.begin_climb(second(1));
        fallback.handle_climb_failed(second(2));
        fallback.handle_wake(second(3));
        assert_eq!(fallback.climb_at(), Some(second(6)));
        fallback.handle_wake(second(9));
        assert_eq!(fallback.climb_at(), Some(second(6)), "it is due already");
    }

    #[test]
    fn at_the_top_there_is_nothing_to_climb() {
        let mut fallback = at_home(Stream);
        fallback.begin_climb(Moment::from_ms(5_000));
        fallback.handle_live(Moment::from_ms(5_100), WebSocket);
        assert_eq!(fallback.climb_at(), None);
        assert_eq!(at_home(WebSocket).climb_at(), None);
    }

    #[test]
    fn a_name_stands_for_its_transport() {
        for transport in Transport::ALL {
            assert_eq!(Transport::named(transport.name()), Some(transport));
        }
        assert_eq!(Transport::named("carrier pigeon"), None);
    }
}
