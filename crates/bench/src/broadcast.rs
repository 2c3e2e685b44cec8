//! A broadcast as a load: pictures at a bitrate, thirty a second, with a keyframe every two seconds.

use std::time::Duration;

use anyhow::{Result, bail};
use tokio::time::{Instant, MissedTickBehavior, interval_at};
use trunkline_protocol::frame::{Start, Subscribe};
use trunkline_protocol::topics::live::{
    BeginLive, LIVE_PART_LEN_MAX, Live, LiveEvent, LiveForm, LiveKind, LiveSource, LiveWish,
};
use trunkline_protocol::{List, ServerFrame, Text, Topic};

use crate::peer::{Peer, Ticket};

/// What is broadcast, in bits per second.
pub(crate) const BITRATE: u32 = 4_000_000;

/// Pictures per second.
const RATE: u32 = 30;

/// Pictures from one keyframe to the next.
const RUN: u32 = 60;

/// The bytes of a picture. A keyframe is five times as long, and the others that much shorter.
const PICTURE_LEN: usize = (BITRATE / 8 / RATE) as usize;
const KEY_LEN: usize = PICTURE_LEN * 5;
const DELTA_LEN: usize = (PICTURE_LEN * RUN as usize - KEY_LEN) / (RUN as usize - 1);

/// The room that is broadcast in.
pub(crate) const ROOM: &str = "bench";

/// The moments at which pictures are due.
pub(crate) fn ticks() -> tokio::time::Interval {
    let mut ticks = interval_at(Instant::now(), Duration::from_secs(1) / RATE);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Burst);
    ticks
}

/// The lengths of the parts of a picture, by its number.
pub(crate) fn parts(picture: u32) -> impl Iterator<Item = usize> {
    let len = if picture.is_multiple_of(RUN) {
        KEY_LEN
    } else {
        DELTA_LEN
    };
    let whole = len / LIVE_PART_LEN_MAX;
    let rest = len % LIVE_PART_LEN_MAX;
    let rest = (rest > 0).then_some(rest);
    std::iter::repeat_n(LIVE_PART_LEN_MAX, whole).chain(rest)
}

/// Who broadcasts.
pub(crate) struct Broadcaster {
    peer: Peer,
    picture: u32,
    run: u32,
    number: u32,
}

impl Broadcaster {
    /// Takes the seat.
    pub(crate) async fn begin(ticket: &Ticket) -> Result<Self> {
        let mut peer = Peer::connect(ticket, Vec::new()).await?;
        let wish = LiveWish {
            room: Text::cut(ROOM),
            title: Text::cut("bench"),
            source: LiveSource::Camera,
            bitrate: BITRATE * 3 / 2,
        };
        peer.call::<BeginLive>(&wish).await?;
        match peer.receive().await? {
            ServerFrame::Returned { .. } => Ok(Self {
                peer,
                picture: 0,
                run: 0,
                number: 0,
            }),
            other => bail!("expected a seat, got {other:?}"),
        }
    }

    /// Broadcasts until it is dropped. Fails if something is refused.
    pub(crate) async fn run(mut self) -> Result<()> {
        let mut ticks = ticks();
        loop {
            // Both arms are cancel safe: a frame is taken only when it is returned.
            tokio::select! {
                _ = ticks.tick() => self.show().await?,
                frame = self.peer.receive() => match frame? {
                    ServerFrame::Published { .. } => {}
                    other => bail!("a part was not taken: {other:?}"),
                },
            }
        }
    }

    /// Sends the next picture.
    async fn show(&mut self) -> Result<()> {
        let is_key = self.picture.is_multiple_of(RUN);
        if is_key {
            (self.run, self.number) = (self.run + 1, 0);
            let run = LiveEvent::Run {
                run: self.run,
                form: LiveForm::Frames,
                video: Text::cut("vp8"),
                audio: Text::default(),
                width: 1280,
                height: 720,
                rate: 0,
                channels: 0,
                init: List::default(),
                began_us: 0,
            };
            self.publish(&run).await?;
        }
        let mut parts = parts(self.picture).peekable();
        while let Some(len) = parts.next() {
            let part = LiveEvent::Part {
                run: self.run,
                number: self.number,
                kind: if is_key {
                    LiveKind::Key
                } else {
                    LiveKind::Delta
                },
                last: parts.peek().is_none(),
                at_us: self.picture % RUN * (1_000_000 / RATE),
                bytes: List::cut(vec![7; len]),
            };
            self.number += 1;
            self.publish(&part).await?;
        }
        self.picture += 1;
        Ok(())
    }

    async fn publish(&mut self, event: &LiveEvent) -> Result<()> {
        let topic = Text::cut(&format!("{}:{ROOM}", Live::NAMESPACE));
        self.peer.publish::<Live>(&topic, event).await?;
        Ok(())
    }
}

/// A viewer of what is broadcast.
pub(crate) async fn watch(ticket: &Ticket) -> Result<Peer> {
    let subscribe = Subscribe {
        id: u32::MAX,
        topic: Text::cut(&format!("{}:{ROOM}", Live::NAMESPACE)),
        contract: Some(Live::contract()),
        start: Start::Newest { count: 1 },
        presence: false,
        max_hz: None,
    };
    let mut peer = Peer::connect(ticket, vec![subscribe]).await?;
    match peer.receive().await? {
        ServerFrame::Subscribed { .. } => Ok(peer),
        other => bail!("expected Subscribed, got {other:?}"),
    }
}
