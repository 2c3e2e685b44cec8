//! A reader: what one application was told of one subscription, and what it may conclude.

use std::collections::BTreeMap;

use trunkline_protocol::{
    Codec, Delivery, Gap, GapCause, Member, Members, Offset, Payload, Position, UserId,
};

use super::wire::{Base, same_bytes};
use super::{Ledger, Verdict, ensure};
use crate::event::Event;

/// What a reader watches for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Watch {
    pub(crate) delivery: Delivery,
    pub(crate) presence: bool,
    pub(crate) newest: u16,
    /// Whether the server delivers what it should.
    pub(crate) honest: bool,
}

/// One subscription as its application knows it.
#[derive(Debug)]
pub(crate) struct Reader {
    pub(crate) topic: usize,
    pub(crate) watch: Watch,
    /// The newest place that it was brought to.
    pub(crate) last: Option<Position>,
    /// Where the present confirmation starts.
    base: Option<Base>,
    /// What was lost was not said yet, and must be said before anything else.
    owed: Option<Base>,
    /// What came, and what was said not to come, since the present confirmation.
    received: u64,
    said: u64,
    newest_received: Option<Offset>,
    values: BTreeMap<u8, Offset>,
    pub(crate) members: BTreeMap<UserId, u32>,
    pub(crate) count: u32,
}

impl Reader {
    pub(crate) fn new(topic: usize, watch: Watch) -> Self {
        Self {
            topic,
            watch,
            last: None,
            base: None,
            owed: None,
            received: 0,
            said: 0,
            newest_received: None,
            values: BTreeMap::new(),
            members: BTreeMap::new(),
            count: 0,
        }
    }

    /// Everything since the last place was recovered, or a gap is owed.
    pub(crate) fn subscribed(
        &mut self,
        base: Base,
        recovered: Option<u64>,
        head: Offset,
        members: Option<&Members>,
    ) -> Verdict {
        let last = self.last.filter(|_| self.watch.delivery.is_log());
        let asked = base.start.position();
        ensure("a reader asks for what it misses", asked == last, || {
            format!("asked {asked:?}, had {last:?}")
        })?;
        ensure("a gap is said", self.owed.is_none(), || {
            format!("{:?} was never said", self.owed)
        })?;
        match (last, recovered) {
            (Some(last), Some(missed)) => {
                ensure(
                    "recovered means nothing was lost",
                    base.position == last,
                    || format!("at {:?}, recovered from {last:?}", base.position),
                )?;
                ensure(
                    "recovered counts what follows",
                    missed == head - last.offset,
                    || format!("{missed} missed"),
                )?;
            }
            (Some(_), None) => self.owed = Some(base),
            (None, recovered) => {
                ensure("a first time recovers nothing", recovered.is_none(), || {
                    format!("{recovered:?}")
                })?;
                let newest = u64::from(self.watch.newest);
                let fair = head - base.position.offset.min(head) <= newest
                    || !self.watch.delivery.is_log();
                ensure("a newcomer gets what it asked for", fair, || {
                    format!("{:?} of {head}", base.position)
                })?;
            }
        }
        self.last = Some(base.position);
        self.base = Some(base);
        (self.received, self.said, self.newest_received) = (0, 0, None);
        self.values.clear();
        ensure(
            "who asks for presence gets it",
            members.is_some() == self.watch.presence,
            || format!("{members:?}"),
        )?;
        if let Some(members) = members {
            self.count = members.count;
            self.members = members
                .listed
                .iter()
                .map(|member| (member.user.id, member.connections))
                .collect();
        }
        Ok(())
    }

    pub(crate) fn gap(&mut self, gap: Gap, ledger: &Ledger) -> Verdict {
        self.said += gap.count;
        if !self.watch.delivery.is_log() {
            return Ok(());
        }
        let Some(last) = self.last else { return Ok(()) };
        let owed = self.owed.take();
        let owed = owed.and_then(|base| Some((base.position.epoch, base.start.position()?)));
        let (epoch, before) = owed.unwrap_or((last.epoch, last));
        match gap.cause {
            GapCause::Epoch => ensure("an epoch gap has a cause", before.epoch != epoch, || {
                format!("{before:?}")
            }),
            GapCause::Retention => {
                let exact = gap.from == before.offset + 1 && gap.count == gap.to + 1 - gap.from;
                ensure("a gap is exact", exact, || {
                    format!("{gap:?} after {before:?}")
                })?;
                let lost = Position {
                    epoch,
                    offset: gap.to,
                };
                ensure(
                    "a gap has a cause",
                    ledger.is_gone(self.topic, lost),
                    || format!("{gap:?} is still kept"),
                )?;
                let agrees = last == before || last == lost;
                ensure("a gap is exact", agrees, || {
                    format!("{gap:?}, but at {last:?}")
                })?;
                self.last = Some(lost);
                Ok(())
            }
            GapCause::Slow | GapCause::Conflated => {
                ensure("a log lets nothing give way", false, || format!("{gap:?}"))
            }
        }
    }

    pub(crate) fn publication(
        &mut self,
        offset: Offset,
        codec: Codec,
        payload: &Payload,
        ledger: &Ledger,
    ) -> Verdict {
        let last = self.last.unwrap_or(Position {
            epoch: trunkline_protocol::Epoch(0),
            offset: 0,
        });
        ensure("a gap is said", self.owed.is_none(), || {
            format!("{:?} was never said", self.owed)
        })?;
        ensure(
            "an application sees nothing twice",
            offset > last.offset,
            || format!("topic {}: {offset} after {last:?}", self.topic),
        )?;
        let next = !self.watch.delivery.is_log() || offset == last.offset + 1;
        ensure("no gap is silent", next, || {
            format!("topic {}: {offset} after {last:?}", self.topic)
        })?;
        let position = Position {
            epoch: last.epoch,
            offset,
        };
        same_bytes(self.topic, position, codec, payload.as_bytes(), ledger)?;
        if let Some(event) = Event::read(codec, payload.as_bytes()) {
            self.values.insert(event.key, offset);
            let begins = event.keyframe
                || self
                    .newest_received
                    .is_some_and(|newest| newest + 1 == offset);
            let keyframed =
                matches!(self.watch.delivery, Delivery::Keyframed { .. }) && self.watch.honest;
            ensure("a run starts at a keyframe", begins || !keyframed, || {
                format!(
                    "topic {}: {offset} after {:?}",
                    self.topic, self.newest_received
                )
            })?;
        }
        self.last = Some(position);
        self.newest_received = Some(offset);
        self.received += 1;
        Ok(())
    }

    pub(crate) fn joined(&mut self, count: u32, member: &Member) {
        self.count = count;
        self.members.insert(member.user.id, member.connections);
    }

    pub(crate) fn left(&mut self, count: u32, user: UserId) {
        self.count = count;
        self.members.remove(&user);
    }

    /// All is quiet: the reader has everything, or was told what it has not.
    pub(crate) fn check_converged(&self, head: Position, ledger: &Ledger) -> Verdict {
        let topic = self.topic;
        let Some((base, last)) = self.base.zip(self.last) else {
            return ensure("every subscription is confirmed", false, || {
                format!("topic {topic} was never confirmed")
            });
        };
        ensure("a gap is said", self.owed.is_none(), || {
            format!("{:?} was never said", self.owed)
        })?;
        if self.watch.delivery.is_log() {
            return ensure("every log reader is at the head", last == head, || {
                format!("topic {topic}: at {last:?}, and the head is {head:?}")
            });
        }
        if !self.watch.honest {
            return Ok(());
        }
        let Base {
            position: base,
            unkept,
            ..
        } = base;
        ensure(
            "every reader is in the epoch",
            base.epoch == head.epoch,
            || format!("{base:?}, {head:?}"),
        )?;
        let missing = head.offset - base.offset - self.received - unkept;
        ensure("what was dropped is counted", missing == self.said, || {
            format!(
                "topic {topic}: {missing} of {base:?} to {head:?} did not come, {} were said",
                self.said
            )
        })?;
        if !matches!(self.watch.delivery, Delivery::Latest { .. }) {
            return Ok(());
        }
        let newest: BTreeMap<u8, Offset> = ledger
            .after(topic, base)
            .map(|(offset, event)| (event.key, offset))
            .collect();
        ensure(
            "the latest value of every key arrives",
            newest == self.values,
            || {
                format!(
                    "topic {topic}: {newest:?}, but the reader has {:?}",
                    self.values
                )
            },
        )
    }
}
