//! The tap: shows a client's frames as they travel, to whoever wants to look.
//!
//! Without a tap a frame costs one branch. With one it is copied, which shares its payloads, and
//! waits until it is taken. Access tokens never come out of a tap, only their lengths.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::task::{Poll, Waker};

use trunkline_protocol::{ClientFrame, Error, RequestId, ServerFrame, Text};
use trunkline_session::Transport;

use crate::platform;
use crate::shared::Shared;

/// How many frames wait in a tap. The oldest are dropped for newer ones, and counted.
pub const TAPPED_MAX: usize = 1_000;

/// How many requests a tap remembers, to tell what their answers are about.
const ASKED_MAX: usize = 512;

/// One frame that has travelled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tapped {
    /// When, in milliseconds of the client's clock: since a page was opened, or since a program
    /// first looked at it. What goes out is seen when it is handed to its transport, which in a
    /// browser takes `Connect` while it is still being opened.
    pub at_ms: u64,
    /// Over what.
    pub transport: Transport,
    /// How many bytes.
    pub size: Size,
    /// The topic or the method that it is about, where that is known.
    pub subject: Option<String>,
    /// The frame.
    pub what: What,
}

/// How long a frame is on its transport, in bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Size {
    /// The encoded frame.
    pub payload: usize,
    /// What frames it: the header of the WebSocket frame with its mask, or in a response over HTTP
    /// its length or the end of its line. HTTP's own header fields are not in it: a page cannot see
    /// them.
    pub header: usize,
}

impl Size {
    /// Everything that travels.
    pub fn total(self) -> usize {
        self.payload + self.header
    }

    /// The size of a WebSocket message of `payload` bytes that a server sends in one frame.
    pub fn from_server(payload: usize) -> Self {
        // RFC 6455, 5.2: two bytes, then the length in two or eight more where seven bits are
        // too few.
        let header = match payload {
            0..=125 => 2,
            126..=0xffff => 4,
            _ => 10,
        };
        Self { payload, header }
    }

    /// The size of a WebSocket message of `payload` bytes that a client sends in one frame. Its
    /// header ends in a mask of four bytes.
    pub fn from_client(payload: usize) -> Self {
        let Self { payload, header } = Self::from_server(payload);
        Self {
            payload,
            header: header + 4,
        }
    }
}

/// What has travelled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// A frame to the server. In place of a token it says how long the token is.
    Sent(ClientFrame),
    /// A GET over HTTP to this path, which has no body.
    Asked(String),
    /// A frame from the server.
    Received(ServerFrame),
    /// A refusal over HTTP that came as a problem and not as a frame.
    Refused(Error),
    /// Something from the server that is no frame.
    Unreadable,
}

impl What {
    /// Whether it went to the server.
    pub fn is_sent(&self) -> bool {
        match self {
            Self::Sent(_) | Self::Asked(_) => true,
            Self::Received(_) | Self::Refused(_) | Self::Unreadable => false,
        }
    }

    /// Whether there was a token in it, which is not in it any more.
    pub fn hides_token(&self) -> bool {
        matches!(
            self,
            Self::Sent(ClientFrame::Connect { .. } | ClientFrame::Refresh { .. })
        )
    }
}

/// What was taken out of a tap.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Taken {
    /// The frames, oldest first.
    pub frames: Vec<Tapped>,
    /// How many were dropped before them, since nobody took them.
    pub dropped: u64,
}

/// Shows a client's frames from now on, as long as it is held. It does not keep the client alive.
pub struct Tap {
    shared: Arc<Shared>,
    number: u64,
}

impl std::fmt::Debug for Tap {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tap")
            .field("number", &self.number)
            .finish_non_exhaustive()
    }
}

impl Tap {
    pub(crate) fn open(shared: Arc<Shared>) -> Self {
        let number = shared.with_taps(Taps::open);
        Self { shared, number }
    }

    /// Waits until there is something to take. False once the client has ended and nothing is left.
    pub async fn ready(&mut self) -> bool {
        std::future::poll_fn(|context| {
            let ready = self.shared.with_taps(|taps| {
                let queue = taps.queues.get_mut(&self.number)?;
                queue.waker = Some(context.waker().clone());
                (!queue.frames.is_empty()).then_some(())
            });
            // Looked at after the waker is in its place: a client that ends wakes everybody after
            // it has said so.
            match ready {
                Some(()) => Poll::Ready(true),
                None if self.shared.with(|state| state.ended) => Poll::Ready(false),
                None => Poll::Pending,
            }
        })
        .await
    }

    /// Takes what waits.
    pub fn take(&mut self) -> Taken {
        self.shared.with_taps(|taps| {
            let Some(queue) = taps.queues.get_mut(&self.number) else {
                return Taken::default();
            };
            Taken {
                frames: queue.frames.drain(..).collect(),
                dropped: std::mem::take(&mut queue.dropped),
            }
        })
    }
}

impl Drop for Tap {
    fn drop(&mut self) {
        self.shared.with_taps(|taps| taps.close(self.number));
    }
}

/// The taps of a client.
#[derive(Debug, Default)]
pub(crate) struct Taps {
    queues: BTreeMap<u64, Queue>,
    next: u64,
    /// What was asked, by the id of the request.
    asked: BTreeMap<RequestId, String>,
}

#[derive(Debug, Default)]
struct Queue {
    frames: VecDeque<Tapped>,
    dropped: u64,
    waker: Option<Waker>,
}

impl Taps {
    fn open(&mut self) -> u64 {
        self.next += 1;
        self.queues.insert(self.next, Queue::default());
        self.next
    }

    fn close(&mut self, number: u64) {
        self.queues.remove(&number);
        if self.queues.is_empty() {
            self.asked.clear();
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.queues.len()
    }

    /// Wakes everybody who waits: the client ends.
    pub(crate) fn wake(&mut self) {
        for queue in self.queues.values_mut() {
            if let Some(waker) = queue.waker.take() {
                waker.wake();
            }
        }
    }

    /// Shows a frame. `named` is the topic that the session knows it by.
    pub(crate) fn note(
        &mut self,
        transport: Transport,
        size: Size,
        what: What,
        named: Option<String>,
    ) {
        let subject = named.or_else(|| self.subject(&what));
        let tapped = Tapped {
            at_ms: platform::now().as_ms(),
            transport,
            size,
            subject,
            what,
        };
        for queue in self.queues.values_mut() {
            if queue.frames.len() == TAPPED_MAX {
                queue.frames.pop_front();
                queue.dropped += 1;
            }
            queue.frames.push_back(tapped.clone());
            if let Some(waker) = queue.waker.take() {
                waker.wake();
            }
        }
    }

    /// What a frame is about by what it says, or by what was asked before.
    fn subject(&mut self, what: &What) -> Option<String> {
        match what {
            What::Sent(frame) => {
                let (id, subject) = frame.asks()?;
                if self.asked.len() == ASKED_MAX {
                    self.asked.pop_first();
                }
                self.asked.insert(id, subject.to_owned());
                Some(subject.to_owned())
            }
            What::Received(frame) => self.asked.remove(&frame.answers()?),
            What::Asked(_) | What::Refused(_) | What::Unreadable => None,
        }
    }
}

/// A frame as it may be shown: tokens are secrets.
pub(crate) fn without_token(frame: &ClientFrame) -> ClientFrame {
    let mut frame = frame.clone();
    if let ClientFrame::Connect { token, .. } | ClientFrame::Refresh { token, .. } = &mut frame {
        *token = Text::cut(&format!("({} bytes, not shown)", token.len()));
    }
    frame
}

#[cfg(test)]
mod tests {
    use super::*;

    fn note(taps: &mut Taps, what: What) {
        taps.note(Transport::WebSocket, Size::default(), what, None);
    }

    fn subjects(taps: &mut Taps, number: u64) -> Vec<Option<String>> {
        let queue = taps.queues.get_mut(&number).expect("an open tap");
        queue.frames.drain(..).map(|it| it.subject).collect()
    }

    #[test]
    fn headers_are_as_long_as_rfc_6455_says() {
        let check = |payload, server, client| {
            assert_eq!(Size::from_server(payload).header, server);
            assert_eq!(Size::from_client(payload).header, client);
            assert_eq!(Size::from_client(payload).total(), payload + client);
        };
        check(0, 2, 6);
        check(125, 2, 6);
        check(126, 4, 8);
        check(65_535, 4, 8);
        check(65_536, 10, 14);
    }

    #[test]
    fn an_answer_is_about_what_was_asked() {
        let mut taps = Taps::default();
        let number = taps.open();
        let topic = Text::cut("chat:lobby");
        note(
            &mut taps,
            What::Sent(ClientFrame::Presence { id: 7, topic }),
        );
        for id in [8, 7] {
            note(
                &mut taps,
                What::Received(ServerFrame::Refused {
                    id,
                    error: Error::new(trunkline_protocol::ErrorCode::Forbidden, ""),
                }),
            );
        }
        let lobby = Some("chat:lobby".to_owned());
        assert_eq!(subjects(&mut taps, number), [lobby.clone(), None, lobby]);
    }

    #[test]
    fn a_tap_that_nobody_empties_drops_the_oldest_and_counts_them() {
        let mut taps = Taps::default();
        let number = taps.open();
        for nonce in 0..1_003 {
            note(&mut taps, What::Sent(ClientFrame::Probe { nonce }));
        }
        let queue = &taps.queues[&number];
        assert_eq!((queue.frames.len(), queue.dropped), (TAPPED_MAX, 3));
        let first = What::Sent(ClientFrame::Probe { nonce: 3 });
        assert_eq!(queue.frames[0].what, first);
    }

    #[test]
    fn what_was_asked_is_forgotten_with_the_last_tap_and_at_the_bound() {
        let mut taps = Taps::default();
        let number = taps.open();
        for id in 0..600 {
            let topic = Text::cut("chat:lobby");
            note(&mut taps, What::Sent(ClientFrame::Presence { id, topic }));
        }
        assert_eq!(taps.asked.len(), ASKED_MAX);
        taps.close(number);
        assert_eq!((taps.asked.len(), taps.len()), (0, 0));
    }

    #[test]
    fn a_token_is_shown_as_its_length() {
        let refresh = ClientFrame::Refresh {
            id: 1,
            token: Text::cut("secret"),
        };
        let shown = format!("{:?}", without_token(&refresh));
        assert!(shown.contains("6 bytes") && !shown.contains("secret"));
    }
}
