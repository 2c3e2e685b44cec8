//! Work: what the broker and the handlers do, each step at its own time.

use std::time::Duration;

use trunkline_hub::{CatchUp, Page, Recovery};
use trunkline_protocol::{
    DisconnectReason, Epoch, Error, ErrorCode, MessageId, Payload, Position, Publication,
    RequestId, ServerFrame, Text, User, UserId,
};
use trunkline_session::Close;

use super::Server;
use super::subscribing::{Join, Read};
use crate::event::Event;
use crate::network::LinkId;
use crate::setting::Setting;

/// One step of work.
#[derive(Debug)]
pub(crate) enum Work {
    /// Checks the token of a first frame.
    Authenticate { link: LinkId, token: String },
    /// Checks a token that comes later.
    Refresh {
        link: LinkId,
        id: RequestId,
        token: String,
    },
    /// Reads the log for a subscription that has joined.
    Begin(Join),
    /// Answers the subscription with what was read.
    Confirm(Join, Epoch, Recovery),
    /// Takes the event that a handler made of a command.
    Append {
        link: LinkId,
        id: RequestId,
        topic: usize,
        message_id: MessageId,
        event: Event,
    },
    /// A commit that was written to the disk is on it, or could not be.
    Committed,
    /// Opens a store that failed.
    Reopen,
    /// Tells where the event of a command stands.
    Acknowledge {
        link: LinkId,
        id: RequestId,
        position: Position,
        duplicate: bool,
    },
    /// Gives a publication to the subscribers.
    FanOut {
        topic: usize,
        publication: Publication,
        key: String,
        keyframe: bool,
    },
    /// Reads the log for a reader that is behind.
    CatchUp { link: LinkId, behind: CatchUp },
    /// Gives it what was read.
    Feed {
        link: LinkId,
        read_for: CatchUp,
        epoch: Epoch,
        page: Page,
    },
    /// Answers a call, or says that it took too long.
    Return {
        link: LinkId,
        id: RequestId,
        request: Payload,
        ok: bool,
    },
    /// Answers a read of history.
    History(Read),
}

impl Server {
    pub(crate) fn handle_work(&mut self, setting: &mut Setting, incarnation: u32, work: Work) {
        if incarnation != self.incarnation {
            return;
        }
        match work {
            Work::Authenticate { link, token } => self.authenticate(setting, link, &token),
            Work::Refresh { link, id, token } => self.refresh(setting, link, id, &token),
            Work::Begin(join) => self.begin(setting, join),
            Work::Confirm(join, epoch, recovery) => self.confirm(setting, join, epoch, recovery),
            Work::Append {
                link,
                id,
                topic,
                message_id,
                event,
            } => {
                self.append(setting, link, id, topic, message_id, &event);
            }
            Work::Committed => self.end_commit(setting),
            Work::Reopen => self.reopen(setting),
            Work::Acknowledge {
                link,
                id,
                position,
                duplicate,
            } => {
                let frame = ServerFrame::Published {
                    id,
                    position,
                    duplicate,
                };
                self.finish(link, |line| line.session.answer(id, frame));
                self.pump(setting, link);
            }
            Work::FanOut {
                topic,
                publication,
                key,
                keyframe,
            } => {
                let name = self.topics[topic].name.clone();
                let now = setting.agenda.now();
                self.hub
                    .broadcast(now, &name, &publication, Some(&key), keyframe);
                self.hub.flush(now);
                self.after(setting);
            }
            Work::CatchUp { link, behind } => self.read_on(setting, link, &behind),
            Work::Feed {
                link,
                read_for,
                epoch,
                page,
            } => self.feed(setting, link, &read_for, (epoch, &page)),
            Work::Return {
                link,
                id,
                request,
                ok,
            } => {
                let late = Error::new(ErrorCode::DeadlineExceeded, "");
                let frame = if ok {
                    ServerFrame::Returned {
                        id,
                        response: request,
                    }
                } else {
                    ServerFrame::Refused { id, error: late }
                };
                if let Some(line) = self.lines.get_mut(&link) {
                    line.session.answer(id, frame);
                }
                self.pump(setting, link);
            }
            Work::History(read) => self.answer_history(setting, &read),
        }
    }

    fn authenticate(&mut self, setting: &mut Setting, link: LinkId, token: &str) {
        let Some(line) = self.lines.get_mut(&link) else {
            return;
        };
        let now = setting.agenda.now();
        match read_token(token) {
            Some((_, expires_at)) if expires_at <= now.as_ms() => {
                line.session
                    .close(Close::new(DisconnectReason::TokenExpired));
            }
            Some((user, expires_at)) => {
                line.user = user;
                let user = self::user(user);
                self.hub.open(link, line.codec);
                let ttl = Duration::from_millis(expires_at - now.as_ms());
                line.session
                    .handle_authenticated(now, link as u32, user, ttl);
            }
            None => line
                .session
                .close(Close::new(DisconnectReason::TokenInvalid)),
        }
        self.pump(setting, link);
    }

    fn refresh(&mut self, setting: &mut Setting, link: LinkId, id: RequestId, token: &str) {
        let Some(line) = self.lines.get_mut(&link) else {
            return;
        };
        let now = setting.agenda.now();
        match read_token(token) {
            Some((user, expires_at)) if user == line.user && expires_at > now.as_ms() => {
                let ttl = Duration::from_millis(expires_at - now.as_ms());
                line.session.handle_refreshed(now, id, ttl);
            }
            Some(_) | None => line
                .session
                .refuse(id, Error::new(ErrorCode::OtherUser, "")),
        }
        self.pump(setting, link);
    }
}

/// The user of this number.
pub(super) fn user(id: u64) -> User {
    let name = Text::cut(&format!("user {id}"));
    let id = UserId(id);
    User { id, name }
}

/// A token of the simulation says who it is for and when it expires.
pub(crate) fn token(user: u64, expires_at_ms: u64) -> String {
    format!("{user}@{expires_at_ms}")
}

fn read_token(token: &str) -> Option<(u64, u64)> {
    let (user, expires_at) = token.split_once('@')?;
    Some((user.parse().ok()?, expires_at.parse().ok()?))
}
