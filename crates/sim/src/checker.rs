//! The checker: what must hold, looked at on every event and again when all is quiet.
//!
//! It believes nobody. It keeps its own record of what was appended, of what went over each line
//! and of what each application was told, and compares them.

use std::collections::{BTreeMap, VecDeque};

use trunkline_protocol::{
    ClientFrame, Codec, Epoch, Offset, Position, Publication, RequestId, ServerFrame,
};
use trunkline_session::{ClientEvent, CommandId, SubscriptionId};

use crate::event::Event;
use crate::network::LinkId;

mod ledger;
mod promises;
mod reader;
mod wire;

pub(crate) use ledger::{CROWD, INTRUDERS, Ledger};
pub(crate) use promises::Promises;
pub(crate) use reader::{Reader, Watch};
pub(crate) use wire::Wire;

/// So many dials of one client take longer than this.
const DIALS_MAX: usize = 25;
const DIALS_WITHIN_MS: u64 = 10_000;

/// Something that must hold does not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// The check that found it.
    pub check: &'static str,
    /// What it found.
    pub what: String,
}

impl Violation {
    pub(crate) fn new(check: &'static str, what: impl Into<String>) -> Self {
        Self {
            check,
            what: what.into(),
        }
    }
}

pub(crate) type Verdict = Result<(), Violation>;

/// Fails `check` with what `what` says, unless `holds`.
pub(crate) fn ensure(check: &'static str, holds: bool, what: impl FnOnce() -> String) -> Verdict {
    if holds {
        Ok(())
    } else {
        Err(Violation::new(check, what()))
    }
}

/// What the checker knows of one client.
#[derive(Debug)]
pub(crate) struct View {
    pub(crate) codec: Codec,
    pub(crate) wire: Wire,
    pub(crate) promises: Promises,
    pub(crate) readers: BTreeMap<SubscriptionId, Reader>,
    pub(crate) dials: u64,
    /// When the last dials began.
    dialed_at_ms: VecDeque<u64>,
}

/// All that is checked.
#[derive(Debug)]
pub(crate) struct Checker {
    /// Whether the server delivers what it should, so that the wire itself must be flawless.
    honest: bool,
    pub(crate) ledger: Ledger,
    pub(crate) views: Vec<View>,
    pub(crate) failure: Option<Violation>,
    /// Events that applications were given.
    pub(crate) deliveries: u64,
}

impl Checker {
    pub(crate) fn new(honest: bool, topics: usize) -> Self {
        Self {
            honest,
            ledger: Ledger::new(topics),
            views: Vec::new(),
            failure: None,
            deliveries: 0,
        }
    }

    /// Keeps the first violation.
    pub(crate) fn judge(&mut self, verdict: Verdict) {
        if let Err(violation) = verdict
            && self.failure.is_none()
        {
            self.failure = Some(violation);
        }
    }

    /// A client joins the run.
    pub(crate) fn add_client(&mut self, codec: Codec, user: u64) {
        let promises = Promises::new(user);
        self.views.push(View {
            codec,
            wire: Wire::default(),
            promises,
            readers: BTreeMap::new(),
            dials: 0,
            dialed_at_ms: VecDeque::new(),
        });
    }

    /// A client dials. A server that is away is not hammered at.
    pub(crate) fn dialed(&mut self, client: usize, now_ms: u64) {
        let View {
            dials,
            dialed_at_ms,
            ..
        } = &mut self.views[client];
        *dials += 1;
        dialed_at_ms.push_back(now_ms);
        if dialed_at_ms.len() > DIALS_MAX {
            dialed_at_ms.pop_front();
        }
        let first = dialed_at_ms.front().copied().unwrap_or_default();
        let calm = dialed_at_ms.len() < DIALS_MAX || now_ms - first > DIALS_WITHIN_MS;
        self.judge(ensure("the pause between dials grows", calm, || {
            format!("client {client} dialed {DIALS_MAX} times since {first} ms")
        }));
    }

    /// A log took an event.
    pub(crate) fn appended(&mut self, topic: usize, epoch: Epoch, offset: Offset, event: &Event) {
        let position = Position { epoch, offset };
        let verdict = self.ledger.append(topic, position, event);
        self.judge(verdict);
    }

    /// A log keeps what begins at `first`.
    pub(crate) fn keeps(&mut self, topic: usize, epoch: Epoch, first: Offset, at_ms: u64) {
        let verdict = self.ledger.keeps(topic, epoch, first, at_ms);
        self.judge(verdict);
    }

    /// An event stands where it was to stand when it was written.
    pub(crate) fn stands(&mut self, staged: (Offset, bool), appended: (Offset, bool)) {
        let verdict = ensure("it stands where it was staged", staged == appended, || {
            format!("staged at {staged:?}, appended at {appended:?}")
        });
        self.judge(verdict);
    }

    /// A log refuses a command because it remembers too many. No run has as many.
    pub(crate) fn has_no_room(&mut self, topic: usize) {
        let verdict = ensure("an id has room", false, || format!("topic {topic}"));
        self.judge(verdict);
    }

    /// A store that nothing is wrong with was opened, or not.
    pub(crate) fn restored(&mut self, opened: bool) {
        let verdict = ensure("a sound disk can be read", opened, || {
            "the store stays closed".to_owned()
        });
        self.judge(verdict);
    }

    /// A store was opened, and a log goes on in its epoch: it has all that was told of it. What it
    /// has beyond that was on its way when the store failed.
    pub(crate) fn goes_on(
        &mut self,
        topic: usize,
        position: Position,
        kept: &[(Publication, Event)],
    ) {
        let Position { epoch, offset } = position;
        let told = self.ledger.head(topic, epoch);
        self.judge(ensure("what was given survives", told <= offset, || {
            format!("topic {topic}: {told} was given, and the log goes on after {offset}")
        }));
        for (publication, event) in kept {
            let offset = publication.offset;
            if offset > told {
                self.appended(topic, epoch, offset, event);
                continue;
            }
            let was = self.ledger.event(topic, Position { epoch, offset });
            let verdict = ensure("a disk keeps what it was given", was == Some(event), || {
                format!("topic {topic}, {offset} of {epoch:?}: {event:?} stands for {was:?}")
            });
            self.judge(verdict);
        }
    }

    /// Tells whether events were told under this epoch.
    pub(crate) fn knows(&self, topic: usize, epoch: Epoch) -> bool {
        self.ledger.knows(topic, epoch)
    }

    /// A log begins a new epoch, with what is left of `parent`.
    pub(crate) fn renewed(
        &mut self,
        topic: usize,
        (parent, position): (Option<Epoch>, Position),
        kept: &[(Publication, Event)],
        has_cause: bool,
    ) {
        let epoch = position.epoch;
        self.judge(ensure("an epoch changes for a cause", has_cause, || {
            format!("topic {topic} begins {epoch:?}, and nothing of it was damaged or lost")
        }));
        let verdict = self.ledger.begin(topic, (parent, position), kept);
        self.judge(verdict);
    }

    /// A client subscribes.
    pub(crate) fn subscribed(
        &mut self,
        client: usize,
        number: SubscriptionId,
        topic: usize,
        watch: Watch,
    ) {
        self.views[client]
            .readers
            .insert(number, Reader::new(topic, watch));
    }

    /// A client leaves a topic.
    pub(crate) fn unsubscribed(&mut self, client: usize, number: SubscriptionId) {
        self.views[client].readers.remove(&number);
    }

    /// A client publishes.
    pub(crate) fn published(&mut self, client: usize, command: CommandId, topic: usize) {
        let verdict = self.views[client].promises.command(command, topic);
        self.judge(verdict);
    }

    /// A client calls or reads.
    pub(crate) fn asked(&mut self, client: usize, request: RequestId, content: Option<u32>) {
        let verdict = self.views[client].promises.request(request, content);
        self.judge(verdict);
    }

    /// A client begins to speak on another line.
    pub(crate) fn opened(&mut self, client: usize, link: LinkId) {
        self.views[client].wire = Wire::new(link);
    }

    /// A client sends a frame.
    pub(crate) fn sent(&mut self, client: usize, link: LinkId, frame: &ClientFrame) {
        let verdict = self.views[client]
            .wire
            .sent(link, frame, self.honest, &self.ledger);
        self.judge(verdict);
    }

    /// A client is about to read a frame.
    pub(crate) fn received(&mut self, client: usize, link: LinkId, frame: &ServerFrame) {
        let View { codec, wire, .. } = &mut self.views[client];
        let verdict = wire.received(link, frame, *codec, self.honest, &self.ledger);
        self.judge(verdict);
    }

    /// An application is told something.
    pub(crate) fn told(&mut self, client: usize, event: &ClientEvent) {
        let verdict = self.check_told(client, event);
        self.judge(verdict);
    }

    fn check_told(&mut self, client: usize, event: &ClientEvent) -> Verdict {
        let View {
            codec,
            wire,
            promises,
            readers,
            ..
        } = &mut self.views[client];
        match event {
            ClientEvent::StatusChanged
            | ClientEvent::Identified(_)
            | ClientEvent::Works(_)
            // Told only where the line goes on over HTTP.
            | ClientEvent::Members { .. } => Ok(()),
            ClientEvent::SubscriptionRefused {
                subscription,
                error,
            } => {
                named(readers, *subscription)?;
                ensure(
                    "a subscription is refused only for now",
                    error.code.retryable(),
                    || error.to_string(),
                )
            }
            ClientEvent::Subscribed {
                subscription,
                recovered,
                head,
                members,
            } => {
                let base = wire
                    .base
                    .ok_or_else(|| Violation::new("nothing before the confirmation", "no base"))?;
                named(readers, *subscription)?.subscribed(base, *recovered, *head, members.as_ref())
            }
            ClientEvent::Gap { subscription, gap } => {
                named(readers, *subscription)?.gap(*gap, &self.ledger)
            }
            ClientEvent::Publication {
                subscription,
                offset,
                event,
            } => {
                self.deliveries += 1;
                named(readers, *subscription)?.publication(*offset, *codec, event, &self.ledger)
            }
            ClientEvent::Joined {
                subscription,
                count,
                member,
            } => {
                named(readers, *subscription)?.joined(*count, member);
                Ok(())
            }
            ClientEvent::Left {
                subscription,
                count,
                user,
            } => {
                named(readers, *subscription)?.left(*count, *user);
                Ok(())
            }
            ClientEvent::Published {
                command, position, ..
            } => promises.published(*command, *position, &self.ledger),
            ClientEvent::CommandRefused { command, error } => {
                promises.command_refused(*command, error, &self.ledger)
            }
            ClientEvent::CommandDropped { command, cause } => Err(Violation::new(
                "nothing that was kept is dropped",
                format!("{command:?}: {cause:?}"),
            )),
            ClientEvent::Returned { request, result } => {
                promises.returned(*codec, *request, result)
            }
            ClientEvent::History { request, result } => {
                promises.answered(*request, result.as_ref().err())
            }
        }
    }
}

fn named(
    readers: &mut BTreeMap<SubscriptionId, Reader>,
    number: SubscriptionId,
) -> Result<&mut Reader, Violation> {
    let left = || {
        Violation::new(
            "nothing after leaving",
            format!("subscription {number} is no more"),
        )
    };
    readers.get_mut(&number).ok_or_else(left)
}
