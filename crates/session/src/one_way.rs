//! One way: what a client says where its line only brings frames, as HTTP requests of their own.
//!
//! The conversation is the response to a `connect` frame, and is asked for anew to go on. Everything
//! else is a request with one answer. Commands of one topic go one after the other, since requests
//! may overtake each other; and only a few are under way at once, since a browser opens only so many
//! connections to one server.

use std::collections::VecDeque;
use std::time::Duration;

use trunkline_protocol::frame::{Range, TopicText};
use trunkline_protocol::{ClientFrame, Error, HTTP_DEADLINE_MS_MAX, RequestId, ServerFrame};

use crate::fallback::Transport;

/// How many requests are under way at once, beside the conversation. A browser has six connections
/// to a server under HTTP/1.1.
const UNDER_WAY_MAX: usize = 4;

/// How long a long poll waits for news. The server's bound is twice as long.
pub(crate) const POLL_WAIT: Duration = Duration::from_secs(25);

/// An HTTP request that a client is to make.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HttpRequest {
    /// What for.
    pub purpose: Purpose,
    /// The path with its query, below the address of the server.
    pub path: String,
    /// The frame that is posted; without one, it is a GET.
    pub body: Option<ClientFrame>,
    /// The access token for the header `Authorization`, if it is not in the frame.
    pub token: Option<String>,
}

/// What an HTTP request is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// The conversation under this number. The one before it is to be dropped, and what comes of
    /// this one goes to [`handle_frame`](crate::ClientSession::handle_frame) and
    /// [`handle_ended`](crate::ClientSession::handle_ended) as long as its number is the session's.
    Converse(u32),
    /// A request whose answer goes to [`handle_answer`](crate::ClientSession::handle_answer).
    Ask(RequestId),
}

/// What became of an HTTP request that is no conversation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HttpAnswer {
    /// The frame that answers it.
    Frame(ServerFrame),
    /// The server's refusal, where it came as a problem and not as a frame.
    Refused(Error),
    /// The token is no longer good.
    Unauthorized,
    /// There was no answer that can be read.
    None,
}

impl HttpRequest {
    /// The request for a conversation.
    pub(crate) fn converse(
        number: u32,
        transport: Transport,
        wait: Duration,
        frame: ClientFrame,
    ) -> Self {
        let path = match transport {
            Transport::Poll => format!("/http/poll?wait={}", wait.as_secs()),
            Transport::WebSocket | Transport::Stream => "/http/stream".to_owned(),
        };
        Self {
            purpose: Purpose::Converse(number),
            path,
            body: Some(frame),
            token: None,
        }
    }

    /// A frame as a request of its own. None for those that make no sense without a line that goes
    /// both ways.
    pub(crate) fn ask(mut frame: ClientFrame, token: &str) -> Option<Self> {
        let ask = |id, path: String, body| {
            Some(Self {
                purpose: Purpose::Ask(id),
                path,
                body,
                token: Some(token.to_owned()),
            })
        };
        match frame {
            ClientFrame::Publish { id, .. } => ask(id, "/http/publish".to_owned(), Some(frame)),
            ClientFrame::Call {
                id,
                ref mut deadline_ms,
                ..
            } => {
                // A longer one is refused there.
                *deadline_ms = (*deadline_ms).min(HTTP_DEADLINE_MS_MAX);
                ask(id, "/http/call".to_owned(), Some(frame))
            }
            // The characters of a topic's name stand for themselves in a query.
            ClientFrame::History {
                id,
                topic,
                range,
                limit,
            } => {
                let range = match range {
                    Range::Before { offset } => format!("before={offset}"),
                    Range::After { offset } => format!("after={offset}"),
                };
                let path = format!("/http/history?topic={topic}&{range}&limit={limit}");
                ask(id, path, None)
            }
            ClientFrame::Presence { id, topic } => {
                ask(id, format!("/http/presence?topic={topic}"), None)
            }
            ClientFrame::Connect { .. }
            | ClientFrame::Subscribe(_)
            | ClientFrame::Unsubscribe { .. }
            | ClientFrame::Cancel { .. }
            | ClientFrame::Refresh { .. }
            | ClientFrame::Pong
            | ClientFrame::Probe { .. } => None,
        }
    }
}

/// The answer to `request` in a frame. A GET cannot say its id, so the frame is given it.
pub(crate) fn answer_to(request: RequestId, frame: ServerFrame) -> Option<ServerFrame> {
    let mut frame = frame;
    match &mut frame {
        ServerFrame::Published { id, .. }
        | ServerFrame::Refused { id, .. }
        | ServerFrame::Returned { id, .. }
        | ServerFrame::History { id, .. }
        | ServerFrame::Present { id, .. } => *id = request,
        ServerFrame::Connected { .. }
        | ServerFrame::Subscribed { .. }
        | ServerFrame::Unsubscribed { .. }
        | ServerFrame::Refreshed { .. }
        | ServerFrame::Publication { .. }
        | ServerFrame::Gap { .. }
        | ServerFrame::Joined { .. }
        | ServerFrame::Left { .. }
        | ServerFrame::Ping { .. }
        | ServerFrame::Probed { .. }
        | ServerFrame::Drain { .. }
        | ServerFrame::Disconnect { .. } => return None,
    }
    Some(frame)
}

/// Frames that wait for their turn to be requests. The session bounds how many there are.
#[derive(Debug, Default)]
pub(crate) struct Lanes {
    waiting: VecDeque<ClientFrame>,
    under_way: Vec<(RequestId, Option<TopicText>)>,
}

impl Lanes {
    pub(crate) fn push(&mut self, frame: ClientFrame) {
        self.waiting.push_back(frame);
    }

    /// The next frame whose turn it is, as a request.
    pub(crate) fn next(&mut self, token: &str) -> Option<HttpRequest> {
        while self.under_way.len() < UNDER_WAY_MAX {
            let place = self.waiting.iter().position(|frame| self.may_go(frame))?;
            let frame = self.waiting.remove(place)?;
            let topic = topic_of_command(&frame).cloned();
            let Some(request) = HttpRequest::ask(frame, token) else {
                continue;
            };
            if let Purpose::Ask(id) = request.purpose {
                self.under_way.push((id, topic));
            }
            return Some(request);
        }
        None
    }

    /// A request is answered, or never will be.
    pub(crate) fn done(&mut self, request: RequestId) {
        self.under_way.retain(|(id, _)| *id != request);
    }

    /// The line is lost: nothing of what was said on it is waited for.
    pub(crate) fn clear(&mut self) {
        self.waiting.clear();
        self.under_way.clear();
    }

    fn may_go(&self, frame: &ClientFrame) -> bool {
        let Some(topic) = topic_of_command(frame) else {
            return true;
        };
        let same = |(_, other): &(RequestId, Option<TopicText>)| other.as_ref() == Some(topic);
        !self.under_way.iter().any(same)
    }
}

fn topic_of_command(frame: &ClientFrame) -> Option<&TopicText> {
    match frame {
        ClientFrame::Publish { topic, .. } => Some(topic),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use trunkline_protocol::{MessageId, Payload, SenderId, Text};

    use super::*;

    fn publish(id: RequestId, topic: &str) -> ClientFrame {
        ClientFrame::Publish {
            id,
            message_id: MessageId {
                sender: SenderId::from_random(1),
                counter: id,
            },
            topic: Text::cut(topic),
            contract: None,
            command: Payload::default(),
        }
    }

    fn history(id: RequestId, range: Range) -> ClientFrame {
        ClientFrame::History {
            id,
            topic: Text::cut("chat:a/b-c_d.e"),
            range,
            limit: 50,
        }
    }

    fn next(lanes: &mut Lanes) -> Option<RequestId> {
        match lanes.next("token")?.purpose {
            Purpose::Ask(id) => Some(id),
            Purpose::Converse(_) => None,
        }
    }

    fn path(frame: ClientFrame) -> String {
        let request = HttpRequest::ask(frame, "token").expect("a request");
        assert_eq!(request.token.as_deref(), Some("token"));
        request.path
    }

    #[test]
    fn commands_of_one_topic_go_one_after_the_other() {
        let mut lanes = Lanes::default();
        for (id, topic) in [(1, "chat:a"), (2, "chat:a"), (3, "chat:b"), (4, "chat:a")] {
            lanes.push(publish(id, topic));
        }
        assert_eq!(next(&mut lanes), Some(1));
        assert_eq!(next(&mut lanes), Some(3));
        assert_eq!(next(&mut lanes), None);
        lanes.done(3);
        assert_eq!(next(&mut lanes), None);
        lanes.done(1);
        assert_eq!(next(&mut lanes), Some(2));
        lanes.done(2);
        assert_eq!(next(&mut lanes), Some(4));
    }

    #[test]
    fn only_so_many_requests_are_under_way() {
        let mut lanes = Lanes::default();
        for id in 0..6 {
            lanes.push(history(id, Range::After { offset: 1 }));
        }
        let begun: Vec<_> = std::iter::from_fn(|| next(&mut lanes)).collect();
        assert_eq!(begun, [0, 1, 2, 3]);
        lanes.done(2);
        assert_eq!(next(&mut lanes), Some(4));
        lanes.clear();
        assert_eq!(next(&mut lanes), None);
    }

    #[test]
    fn a_call_waits_no_longer_than_a_server_allows_over_http() {
        let deadline = |deadline_ms| {
            let call = ClientFrame::Call {
                id: 1,
                method: Text::cut("chat.rooms"),
                contract: None,
                deadline_ms,
                request: Payload::default(),
            };
            match HttpRequest::ask(call, "token")?.body? {
                ClientFrame::Call { deadline_ms, .. } => Some(deadline_ms),
                _ => None,
            }
        };
        assert_eq!(deadline(49_000), Some(49_000));
        assert_eq!(deadline(90_000), Some(HTTP_DEADLINE_MS_MAX));
    }

    #[test]
    fn a_frame_has_the_path_that_answers_it() {
        assert_eq!(path(publish(1, "chat:a")), "/http/publish");
        assert_eq!(
            path(history(1, Range::After { offset: 7 })),
            "/http/history?topic=chat:a/b-c_d.e&after=7&limit=50"
        );
        assert_eq!(
            path(history(1, Range::Before { offset: 7 })),
            "/http/history?topic=chat:a/b-c_d.e&before=7&limit=50"
        );
        assert_eq!(HttpRequest::ask(ClientFrame::Pong, ""), None);
    }

    #[test]
    fn an_answer_is_for_the_request_that_asked() {
        let refused = |id| ServerFrame::Refused {
            id,
            error: Error::new(trunkline_protocol::ErrorCode::Forbidden, ""),
        };
        assert_eq!(answer_to(9, refused(0)), Some(refused(9)));
        assert_eq!(answer_to(9, ServerFrame::Probed { nonce: 1 }), None);
    }
}
