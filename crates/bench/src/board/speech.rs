//! Speech: what publishers and readers say to a server, and how they understand it.
//!
//! Ours is spoken in the binary codec. A quote is read without decoding the frame around it, since
//! millions come in a second; everything else is decoded by the protocol's own types.

use std::net::SocketAddr;

use anyhow::{Context, Result, bail};
use trunkline_protocol::frame::{Start, Subscribe};
use trunkline_protocol::topics::ticker::Ticker;
use trunkline_protocol::{
    ClientFrame, Codec, List, MessageId, PROTOCOL_VERSION, SenderId, ServerFrame, Text, Topic,
    UserId,
};

use super::schedule::Version;
use crate::load::{Language, Place};

/// How often a reader wants each symbol at most, per second.
const READER_HZ: u16 = 10;

/// What a message of the server means.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Heard {
    Nothing,
    /// A quote.
    Quote(Version),
    /// So many were overtaken.
    Skipped(u64),
    /// A publish was taken.
    Taken,
    /// The conversation is open, as this user.
    Open(UserId),
    /// The board is being read from now on.
    Reading,
    /// This is to be answered.
    Answer(Vec<u8>),
}

/// What is spoken.
#[derive(Clone, Debug)]
pub(super) enum Speech {
    /// Ours, with a token.
    Trunkline(String),
    /// One text is one quote.
    Plain,
}

impl Speech {
    pub(super) fn of(language: &Language) -> Result<Self> {
        match language {
            Language::Trunkline {
                codec: Codec::Bincode,
                token,
            } => Ok(Self::Trunkline(token.clone())),
            Language::Plain => Ok(Self::Plain),
            other => bail!("boards are not read in {other:?}"),
        }
    }

    /// Whether a publish is acknowledged, what is overtaken is told, and a board is subscribed to.
    pub(super) fn is_ours(&self) -> bool {
        matches!(self, Self::Trunkline(_))
    }

    /// What a connection says first: as a reader if there is a board to read.
    pub(super) fn first(&self, board: Option<&str>) -> Option<Vec<u8>> {
        let Self::Trunkline(token) = self else {
            return None;
        };
        let subscribe = |board: &str| Subscribe {
            id: 0,
            topic: Text::cut(board),
            contract: Some(Ticker::contract()),
            start: Start::Newest { count: 0 },
            presence: false,
            max_hz: Some(READER_HZ),
        };
        let connect = ClientFrame::Connect {
            version: PROTOCOL_VERSION,
            token: Text::cut(token),
            agent: Text::cut("bench"),
            subscriptions: List::cut(board.map(subscribe)),
        };
        Some(Codec::Bincode.encode(&connect).to_vec())
    }

    /// What opens a connection. The room is for servers that have no boards.
    pub(super) fn upgrade(language: &Language, address: SocketAddr) -> String {
        language.upgrade(address, Place::Room(0))
    }

    /// Puts a version on a board, as the `counter`th publish of a connection.
    pub(super) fn publish(&self, board: &str, by: (SenderId, u32), it: Version) -> Vec<u8> {
        let (quote, (sender, counter)) = (it.quote(), by);
        match self {
            Self::Trunkline(_) => {
                let command = Codec::Bincode.payload(&quote).expect("a short quote");
                let publish = ClientFrame::Publish {
                    id: counter,
                    message_id: MessageId { sender, counter },
                    topic: Text::cut(board),
                    contract: Some(Ticker::contract()),
                    command,
                };
                Codec::Bincode.encode(&publish).to_vec()
            }
            Self::Plain => Codec::Json.encode(&quote).to_vec(),
        }
    }

    /// Understands a message.
    pub(super) fn hear(&self, message: &[u8]) -> Result<Heard> {
        match (self, message) {
            (Self::Plain, text) => {
                let version = in_text(text).context("a text that is no quote")?;
                Ok(Heard::Quote(version))
            }
            (Self::Trunkline(_), [PUBLICATION, rest @ ..]) => {
                let version = in_publication(rest).context("a publication that is no quote")?;
                Ok(Heard::Quote(version))
            }
            (Self::Trunkline(_), [PUBLISHED, ..]) => Ok(Heard::Taken),
            (Self::Trunkline(_), frame) => hear_frame(Codec::Bincode.decode(frame)?),
        }
    }
}

/// How publications and acknowledgements begin.
const PUBLICATION: u8 = 9;
const PUBLISHED: u8 = 3;

fn hear_frame(frame: ServerFrame) -> Result<Heard> {
    match frame {
        ServerFrame::Connected { user, .. } => Ok(Heard::Open(user.id)),
        ServerFrame::Subscribed { .. } => Ok(Heard::Reading),
        ServerFrame::Gap { gap, .. } => Ok(Heard::Skipped(gap.count)),
        ServerFrame::Ping { .. } => {
            let pong = Codec::Bincode.encode(&ClientFrame::Pong);
            Ok(Heard::Answer(pong.to_vec()))
        }
        ServerFrame::Drain { .. } => Ok(Heard::Nothing),
        other => bail!("nobody asked for {other:?}"),
    }
}

/// Reads the symbol and the price of a publication, after its first byte.
fn in_publication(mut bytes: &[u8]) -> Option<Version> {
    // Topic, offset and step.
    for _ in 0..3 {
        varint(&mut bytes)?;
    }
    Version::told(varint(&mut bytes)?, varint(&mut bytes)?)
}

fn varint(bytes: &mut &[u8]) -> Option<u64> {
    let (&first, rest) = bytes.split_first()?;
    let len = match first {
        0..=250 => {
            *bytes = rest;
            return Some(first.into());
        }
        251 => 2,
        252 => 4,
        253 => 8,
        254.. => return None,
    };
    let (number, rest) = rest.split_at_checked(len)?;
    *bytes = rest;
    Some(
        number
            .iter()
            .rev()
            .fold(0, |it, byte| it << 8 | u64::from(*byte)),
    )
}

/// Reads a quote as the text of a server that knows no quotes.
fn in_text(text: &[u8]) -> Option<Version> {
    let mut rest = text.strip_prefix(br#"{"symbol":"#)?;
    let symbol = digits(&mut rest)?;
    rest = rest.strip_prefix(br#","price":"#)?;
    Version::told(symbol, digits(&mut rest)?)
}

fn digits(text: &mut &[u8]) -> Option<u64> {
    let len = text.iter().take_while(|it| it.is_ascii_digit()).count();
    let (number, rest) = text.split_at(len);
    *text = rest;
    str::from_utf8(number).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use trunkline_protocol::{Gap, GapCause, Tail, TopicId};

    use super::*;

    #[test]
    fn a_quote_is_found_where_it_stands() {
        let ours = Speech::Trunkline(String::new());
        for number in [0, 499, 250_000, 99_999_999] {
            let it = Version::of(number, 500);
            let event = Codec::Bincode.payload(&it.quote()).expect("short");
            let frame = ServerFrame::Publication {
                topic_id: TopicId(300),
                offset: number + 1,
                step: 1,
                event: Tail(event),
            };
            let heard = ours.hear(&Codec::Bincode.encode(&frame));
            assert_eq!(heard.expect("a frame"), Heard::Quote(it));
            let by = (SenderId::from_random(1), 1);
            let text = Speech::Plain.publish("", by, it);
            assert_eq!(Speech::Plain.hear(&text).expect("a text"), Heard::Quote(it));
        }
        assert!(ours.hear(&[PUBLICATION, 1, 1]).is_err());
        assert!(Speech::Plain.hear(b"{}").is_err());
    }

    #[test]
    fn what_was_overtaken_is_counted() {
        let gap = Gap {
            from: 1,
            to: 9,
            count: 7,
            cause: GapCause::Conflated,
        };
        let topic_id = TopicId(1);
        let frame = Codec::Bincode.encode(&ServerFrame::Gap { topic_id, gap });
        let heard = Speech::Trunkline(String::new()).hear(&frame);
        assert_eq!(heard.expect("a frame"), Heard::Skipped(7));
    }
}
