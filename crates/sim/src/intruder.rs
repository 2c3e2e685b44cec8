//! Intruders: programs that speak to the server and keep to no rule.

use std::collections::BTreeSet;

use trunkline_protocol::{Codec, RequestId, ServerFrame};

use crate::agenda::Happening;
use crate::checker::{Verdict, ensure};
use crate::network::{LinkId, Packet, Peer, Side};
use crate::random::Random;
use crate::setting::Setting;

/// One intruder.
#[derive(Debug)]
pub(crate) struct Intruder {
    pub(crate) index: usize,
    pub(crate) codec: Codec,
    pub(crate) link: Option<LinkId>,
    pub(crate) greeted: bool,
    pub(crate) next_request: RequestId,
    /// Requests with an id of their own that wait for their answer.
    pub(crate) waiting: BTreeSet<RequestId>,
    /// Junk went out, in which the server may have read some id.
    pub(crate) garbled: bool,
}

impl Intruder {
    pub(crate) fn new(random: &mut Random, index: usize) -> Self {
        let codec = if random.chance(500) {
            Codec::Bincode
        } else {
            Codec::Json
        };
        Self {
            index,
            codec,
            link: None,
            greeted: false,
            next_request: 0,
            waiting: BTreeSet::new(),
            garbled: false,
        }
    }

    /// Does the next bad thing.
    pub(crate) fn act(&mut self, setting: &mut Setting) {
        let Some(link) = self.link else {
            return self.dial(setting);
        };
        if setting.random.chance(20) {
            return self.leave(setting, link);
        }
        let times = if setting.random.chance(10) { 250 } else { 1 };
        for _ in 0..times {
            let bytes = self.bytes(setting);
            setting.send(link, Side::Server, Packet::Frame(bytes));
        }
    }

    fn dial(&mut self, setting: &mut Setting) {
        // Half of them never read what they are sent.
        let take = if setting.random.chance(500) {
            (1, 1_000_000)
        } else {
            (usize::MAX, 0)
        };
        let link = setting.network.make(
            Peer::Intruder(self.index),
            self.codec,
            setting.plan.delay_ms,
            take,
        );
        self.link = Some(link);
        (self.greeted, self.garbled, self.next_request) = (false, false, 0);
        self.waiting.clear();
        setting.put_in(1, Happening::Knock { link });
    }

    /// Goes for good. By now everything that was asked well has been answered.
    pub(crate) fn end(&mut self, setting: &mut Setting) {
        let Some(link) = self.link else { return };
        let reads = setting.network.get(link).is_some_and(|it| {
            let whole = !it.cut && !it.hole_up && !it.hole_down && it.stalled_until == 0;
            it.open_at_server && whole && it.take.1 == 0
        });
        let settled = self.waiting.is_empty() || self.garbled || !reads;
        setting
            .checker
            .judge(ensure("every request is answered", settled, || {
                format!("intruder {} waits for {:?}", self.index, self.waiting)
            }));
        self.leave(setting, link);
    }

    /// Ends the line.
    fn leave(&mut self, setting: &mut Setting, link: LinkId) {
        setting.send(
            link,
            Side::Server,
            Packet::Close(trunkline_protocol::DisconnectReason::GoingAway),
        );
        setting.network.close(link, Side::Client);
        self.link = None;
    }

    /// The line ended.
    pub(crate) fn lose(&mut self, setting: &mut Setting, link: LinkId) {
        setting.network.close(link, Side::Client);
        if self.link == Some(link) {
            self.link = None;
        }
    }

    /// Even an intruder gets one answer to each request, and frames that can be read.
    pub(crate) fn receive(&mut self, bytes: &[u8]) -> Verdict {
        let frame = self.codec.decode::<ServerFrame>(bytes);
        let readable = frame.is_ok();
        ensure("what a server sends can be read", readable, || {
            format!("{frame:?}")
        })?;
        match frame {
            Ok(
                ServerFrame::Returned { id, .. }
                | ServerFrame::Subscribed { id, .. }
                | ServerFrame::Unsubscribed { id, .. }
                | ServerFrame::Published { id, .. }
                | ServerFrame::History { id, .. }
                | ServerFrame::Present { id, .. }
                | ServerFrame::Refused { id, .. },
            ) if id > REPEATED && !self.garbled => {
                let waited = self.waiting.remove(&id);
                ensure("every request is answered once", waited, || {
                    format!("intruder's request {id} again")
                })
            }
            Ok(_) | Err(_) => Ok(()),
        }
    }
}

/// Ids up to this are used more than once.
pub(crate) const REPEATED: RequestId = 3;
