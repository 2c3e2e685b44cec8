//! Mischief: the frames of an intruder, from odd to impossible.

use trunkline_protocol::frame::{Range, Start, Subscribe};
use trunkline_protocol::{
    ClientFrame, Digest, Epoch, List, MessageId, PROTOCOL_VERSION, Position, RequestId, SenderId,
    Text,
};

use crate::checker::INTRUDERS;
use crate::event::Command;
use crate::intruder::{Intruder, REPEATED};
use crate::random::Random;
use crate::server;
use crate::setting::Setting;
use crate::summary;

impl Intruder {
    pub(crate) fn bytes(&mut self, setting: &mut Setting) -> Vec<u8> {
        let random = &mut setting.random;
        if !self.greeted {
            self.greeted = random.chance(950);
        }
        let first = self.greeted && self.next_request == 0;
        let frame = if first {
            self.connect(setting)
        } else {
            self.frame(setting)
        };
        let (what, detail) = summary::of_client(&frame);
        setting.note(
            what,
            INTRUDERS + self.index as u64,
            [self.link.unwrap_or_default(), detail],
        );
        let random = &mut setting.random;
        let mut bytes = self.codec.encode(&frame).to_vec();
        let how = random.below(400);
        self.garbled |= how < 4;
        match how {
            0 => bytes.truncate(random.below(bytes.len() as u64) as usize),
            1 => bytes.push(random.bits() as u8),
            2 => {
                let place = random.below(bytes.len() as u64) as usize;
                bytes[place] ^= 1 << random.below(8);
            }
            3 => {
                bytes = (0..random.below(200))
                    .map(|_| random.bits() as u8)
                    .collect();
            }
            _ => {}
        }
        bytes
    }

    fn connect(&mut self, setting: &mut Setting) -> ClientFrame {
        self.next_request = REPEATED;
        let now = setting.agenda.now_ms();
        let random = &mut setting.random;
        let mut token = server::token(INTRUDERS + self.index as u64, now + random.below(60_000));
        if random.chance(50) {
            token = "1@".to_owned();
        }
        let subscriptions = (0..random.below(128))
            .map(|_| self.subscribe(random))
            .collect::<Vec<_>>();
        ClientFrame::Connect {
            version: if random.chance(20) {
                9
            } else {
                PROTOCOL_VERSION
            },
            token: Text::cut(&token),
            agent: Text::cut("intruder"),
            subscriptions: List::cut(subscriptions),
        }
    }

    fn subscribe(&mut self, random: &mut Random) -> Subscribe {
        let offset = random.pick(&[0, 1, 7, u64::MAX, u64::MAX - 1, 1 << 53]);
        let position = Position {
            epoch: Epoch(random.pick(&[0, 1, 2, u32::MAX])),
            offset,
        };
        let start = if random.chance(500) {
            let proves = offset.is_multiple_of(2);
            Start::after(position, proves.then_some(Digest(offset as u32)))
        } else {
            Start::Newest { count: u16::MAX }
        };
        let topic = if random.chance(300) {
            format!("none:{}", random.below(300))
        } else {
            a_topic(random)
        };
        Subscribe {
            id: self.id(random),
            topic: Text::cut(&topic),
            contract: None,
            start,
            presence: random.chance(500),
            max_hz: [None, Some(0), Some(u16::MAX)][(offset % 3) as usize],
        }
    }

    fn frame(&mut self, setting: &mut Setting) -> ClientFrame {
        let random = &mut setting.random;
        let topic = Text::cut(&a_topic(random));
        match random.below(11) {
            0 | 1 => ClientFrame::Subscribe(self.subscribe(random)),
            2 => ClientFrame::Unsubscribe {
                id: self.id(random),
                topic,
            },
            3 => {
                let offset = random.pick(&[0, 1, u64::MAX, u64::MAX - 1]);
                let range = if random.chance(500) {
                    Range::Before { offset }
                } else {
                    Range::After { offset }
                };
                ClientFrame::History {
                    id: self.id(random),
                    topic,
                    range,
                    limit: random.pick(&[0, 1, u16::MAX]),
                }
            }
            4 => ClientFrame::Presence {
                id: self.id(random),
                topic,
            },
            5 => {
                let request = self.codec.payload(&7_u32).expect("a number is short");
                let deadline_ms = random.pick(&[0, 1, 2000, u32::MAX]);
                ClientFrame::Call {
                    id: self.id(random),
                    method: Text::cut("x"),
                    contract: None,
                    deadline_ms,
                    request,
                }
            }
            6 => ClientFrame::Cancel {
                id: random.below(u64::from(self.next_request) + 2) as u32,
            },
            7 => ClientFrame::Refresh {
                id: REPEATED,
                token: Text::cut("nobody"),
            },
            8 => ClientFrame::Probe {
                nonce: random.bits() as u32,
            },
            9 => ClientFrame::Pong,
            _ => {
                // The sender of a stranger, which must not get in the stranger's way.
                let sender = SenderId::from_random(random.below(3));
                let message_id = MessageId {
                    sender,
                    counter: 1 + random.below(5) as u32,
                };
                let command = if random.chance(800) {
                    Command {
                        key: 1,
                        keyframe: true,
                        filling_len: 10,
                    }
                    .payload(self.codec)
                } else {
                    self.codec.payload(&false).expect("a bool is short")
                };
                ClientFrame::Publish {
                    id: self.id(random),
                    message_id,
                    topic,
                    contract: None,
                    command,
                }
            }
        }
    }

    /// An id of its own, which then waits for its answer, or one that is used again and again.
    fn id(&mut self, random: &mut Random) -> RequestId {
        if random.chance(200) {
            return random.below(u64::from(REPEATED) + 1) as u32;
        }
        self.next_request += 1;
        self.waiting.insert(self.next_request);
        self.next_request
    }
}

fn a_topic(random: &mut Random) -> String {
    let kind = random.pick(&[
        "log",
        "short",
        "latest",
        "volatile",
        "keyframed",
        "no such",
        "../..",
        "",
    ]);
    format!("sim-{kind}:room")
}
