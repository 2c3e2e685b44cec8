//! `GET /http/events`: a conversation as server-sent events, for `EventSource` and `curl`.
//!
//! Each event is a frame in JSON under its name; its id is a [`Cursor`], which says where the reader
//! stands in all of its topics. A reader that comes back hands in its last one and goes on there.

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroU16;
use std::ops::ControlFlow;

use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use serde::Deserialize;
use serde_json::value::RawValue;
use trunkline_protocol::frame::{Start, Subscribe};
use trunkline_protocol::{
    CURSOR_TOPICS_MAX, Codec, Cursor, Digest, Gap, GapCause, Offset, Position, RequestId, Text,
    TopicId, TopicName,
};

use super::body::connect;
use super::caller::Source;
use super::frames::{FrameBody, Frames, Sent, Write};
use super::requests::topic;
use super::stream::disconnect;
use super::{OverHttp, refusal, streaming};
use crate::problem::Problem;

/// How long a browser waits before it comes back, in milliseconds.
const RETRY_MS: u32 = 1000;

pub(super) async fn answer(
    State(http): State<OverHttp>,
    asked: Result<Query<Vec<(String, String)>>, QueryRejection>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let caller = http.admit(&headers, Source::Cookie)?;
    let Query(pairs) = asked.map_err(|rejection| refusal::query(&rejection))?;
    let mut asked = Asked::read(&pairs, &headers)?;
    let asker = http.asker(Codec::Json, caller.user.clone());
    let mut logs = BTreeSet::new();
    for topic in &asked.topics {
        // Asked again when it is subscribed to; here a refusal still has a status.
        let readable = asker.reader(topic, None);
        let delivery = readable
            .map_err(|error| refusal::problem(&error))?
            .delivery();
        if delivery.is_log() {
            logs.insert(topic.clone());
        }
        // It stands once for all topics, so it is for those that it applies to.
        if asked
            .max_hz
            .is_some_and(|max_hz| delivery.paced(max_hz).is_some())
        {
            asked.paced.insert(topic.clone());
        }
    }
    let connect = connect(caller, Codec::Json, &headers, asked.subscriptions());
    let frames = Frames::begin(&http, connect, http.life);
    let body = FrameBody::of(frames, Events::new(asked, logs));
    Ok(streaming(body, "text/event-stream", http.life, http.linger))
}

/// What a reader asks for.
#[derive(Debug, Default)]
struct Asked {
    topics: Vec<TopicName>,
    newest: u16,
    presence: bool,
    max_hz: Option<u16>,
    /// Topics that can be had at this update rate.
    paced: BTreeSet<TopicName>,
    cursor: Cursor,
}

impl Asked {
    /// Reads the query, and the header by which a browser goes on, which outranks it.
    fn read(pairs: &[(String, String)], headers: &HeaderMap) -> Result<Self, Problem> {
        let bad = |code, detail: &str| Problem::new(StatusCode::BAD_REQUEST, code, detail);
        let mut asked = Self::default();
        let mut cursor = None;
        for (name, value) in pairs {
            match name.as_str() {
                "topic" => {
                    let topic = topic(value).map_err(|error| refusal::problem(&error))?;
                    if !asked.topics.contains(&topic) {
                        asked.topics.push(topic);
                    }
                }
                "newest" => {
                    let newest = value.parse();
                    asked.newest = newest.map_err(|_| {
                        bad("malformed_query", "expected newest to be a small number")
                    })?;
                }
                "presence" => asked.presence = value == "true",
                "max_hz" => {
                    let max_hz = value.parse::<NonZeroU16>();
                    let max_hz = max_hz.map_err(|_| {
                        bad(
                            "malformed_query",
                            "expected max_hz to be a small number above 0",
                        )
                    })?;
                    asked.max_hz = Some(max_hz.get());
                }
                "last-event-id" => cursor = Some(value.as_str()),
                _ => {}
            }
        }
        if asked.topics.is_empty() || asked.topics.len() > CURSOR_TOPICS_MAX {
            let detail = format!("expected topic=namespace:key, 1 to {CURSOR_TOPICS_MAX} times");
            return Err(bad("malformed_query", &detail));
        }
        if let Some(header) = headers.get("last-event-id") {
            // One that is no text is no cursor.
            cursor = Some(header.to_str().unwrap_or("?"));
        }
        // A browser that has got no id yet may send an empty one.
        if let Some(text) = cursor.filter(|text| !text.is_empty()) {
            let read = text.parse::<Cursor>();
            asked.cursor = read.map_err(|error| bad("malformed_event_id", &error.to_string()))?;
        }
        Ok(asked)
    }

    fn subscriptions(&self) -> Vec<Subscribe> {
        let subscribe = |(index, topic): (usize, &TopicName)| Subscribe {
            id: index as RequestId,
            topic: Text::cut(topic.as_str()),
            contract: None,
            start: self
                .cursor
                .start(topic)
                .unwrap_or(Start::Newest { count: self.newest }),
            presence: self.presence,
            max_hz: self.max_hz.filter(|_| self.paced.contains(topic)),
        };
        self.topics.iter().enumerate().map(subscribe).collect()
    }
}

/// Writes frames as events, and follows where their reader stands.
struct Events {
    /// By the ids of their subscriptions.
    topics: Vec<TopicName>,
    /// Topics whose events are kept, so that their digests can be compared later.
    logs: BTreeSet<TopicName>,
    ids: BTreeMap<TopicId, TopicName>,
    cursor: Cursor,
}

/// What an event's name and id need of a frame.
#[derive(Deserialize)]
struct Glance<'a> {
    #[serde(rename = "type")]
    kind: &'a str,
    id: Option<RequestId>,
    topic_id: Option<TopicId>,
    position: Option<Position>,
    recovered: Option<bool>,
    offset: Option<Offset>,
    #[serde(borrow)]
    event: Option<&'a RawValue>,
    gap: Option<Gap>,
    #[serde(borrow)]
    publications: Option<Vec<Placed<'a>>>,
    after_ms: Option<u32>,
}

#[derive(Deserialize)]
struct Placed<'a> {
    offset: Offset,
    #[serde(borrow)]
    event: &'a RawValue,
}

impl Events {
    fn new(asked: Asked, logs: BTreeSet<TopicName>) -> Self {
        Self {
            topics: asked.topics,
            logs,
            ids: BTreeMap::new(),
            cursor: asked.cursor,
        }
    }

    /// Moves to where a frame leaves its reader. Returns whether it moved.
    fn follow(&mut self, frame: &Glance<'_>) -> bool {
        let Some(topic_id) = frame.topic_id else {
            return false;
        };
        if let ("subscribed", Some(id), Some(position)) = (frame.kind, frame.id, frame.position)
            && let Some(topic) = self.topics.get(id as usize)
        {
            // Where nothing was missed, the cursor stands there already, with the event's digest.
            let goes_on = frame.recovered == Some(true);
            if !goes_on || self.cursor.position(topic) != Some(position) {
                self.cursor.place(topic, position);
            }
            if let Some(last) = frame.publications.iter().flatten().last() {
                let digest = self.digest(topic, Some(last.event));
                self.cursor.advance(topic, last.offset, digest);
            }
            self.ids.insert(topic_id, topic.clone());
            return true;
        }
        let (offset, event) = match (frame.kind, &frame.gap) {
            ("publication", _) => (frame.offset, frame.event),
            ("gap", Some(gap)) => (Some(gap.to), None),
            _ => (None, None),
        };
        match (offset, self.ids.get(&topic_id)) {
            (Some(offset), Some(topic)) => {
                let digest = self.digest(topic, event);
                self.cursor.advance(topic, offset, digest);
                true
            }
            _ => false,
        }
    }

    /// Computes the digest of an event of a log, whose text stands in the frame as it was written.
    fn digest(&self, topic: &TopicName, event: Option<&RawValue>) -> Option<Digest> {
        let event = event.filter(|_| self.logs.contains(topic))?;
        Some(Digest::of_bytes(event.get().as_bytes()))
    }

    fn event(&mut self, json: &[u8], out: &mut Vec<u8>) -> ControlFlow<()> {
        let Ok(glance) = serde_json::from_slice::<Glance<'_>>(json) else {
            tracing::error!("a shard wrote a frame that cannot be read");
            return ControlFlow::Break(());
        };
        if glance.kind == "ping" {
            // An event would say nothing more: what was sent on this line has arrived.
            out.extend_from_slice(b":\n\n");
            return ControlFlow::Continue(());
        }
        // After this the topic is silent until somebody subscribes anew, which here is to come back
        // with the old position.
        let anew = glance.kind == "gap" && glance.gap.is_some_and(|it| it.cause == GapCause::Epoch);
        if !anew && self.follow(&glance) {
            out.extend_from_slice(format!("id: {}\n", self.cursor).as_bytes());
        }
        if let Some(after_ms) = glance.after_ms {
            out.extend_from_slice(format!("retry: {after_ms}\n").as_bytes());
        }
        out.extend_from_slice(format!("event: {}\ndata: ", glance.kind).as_bytes());
        // JSON that we wrote has no line breaks.
        out.extend_from_slice(json);
        out.extend_from_slice(b"\n\n");
        if anew {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    }
}

impl Write for Events {
    fn begin(&mut self, out: &mut Vec<u8>) {
        out.extend_from_slice(format!("retry: {RETRY_MS}\n\n").as_bytes());
    }

    fn write(&mut self, sent: Sent<'_>, out: &mut Vec<u8>) -> ControlFlow<()> {
        match sent {
            Sent::Frame(frame) => self.event(frame, out),
            Sent::End(code, reason) => self.event(&disconnect(Codec::Json, code, reason), out),
        }
    }
}

#[cfg(test)]
mod tests {
    use trunkline_protocol::{Epoch, List, Payload, Publication, ServerFrame};

    use super::*;

    fn pairs(query: &[(&str, &str)]) -> Vec<(String, String)> {
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        query.iter().map(owned).collect()
    }

    fn asked(query: &[(&str, &str)]) -> Asked {
        Asked::read(&pairs(query), &HeaderMap::new()).expect("a good query")
    }

    #[test]
    fn a_reader_goes_on_where_it_stands_and_begins_where_it_is_new() {
        let asked = asked(&[
            ("topic", "chat:a"),
            ("topic", "chat:b"),
            ("topic", "chat:a"),
            ("newest", "5"),
            ("last-event-id", "chat:a@7-12,chat:z@1-1"),
        ]);
        let starts: Vec<_> = asked.subscriptions().iter().map(|it| it.start).collect();
        let epoch = Epoch(7);
        let after = Start::After(Position { epoch, offset: 12 });
        assert_eq!(starts, [after, Start::Newest { count: 5 }]);
    }

    #[test]
    fn cursor_with_a_digest_resumes_after_that_event() {
        let asked = asked(&[
            ("topic", "chat:a"),
            ("topic", "chat:b"),
            ("last-event-id", "chat:a@7-12-99,chat:b@7-3"),
        ]);
        let starts: Vec<_> = asked.subscriptions().iter().map(|it| it.start).collect();
        let at = |offset| Position {
            epoch: Epoch(7),
            offset,
        };
        let proven = Start::after(at(12), Some(Digest(99)));
        assert_eq!(starts, [proven, Start::After(at(3))]);
    }

    #[test]
    fn a_bad_query_is_refused() {
        let check = |query: &[(&str, &str)]| {
            assert!(
                Asked::read(&pairs(query), &HeaderMap::new()).is_err(),
                "{query:?}"
            );
        };
        check(&[]);
        check(&[("topic", "nothing")]);
        check(&[("topic", "chat:a"), ("newest", "-1")]);
        check(&[("topic", "ticker:a"), ("max_hz", "0")]);
        check(&[("topic", "chat:a"), ("last-event-id", "12")]);
        let many: Vec<String> = (0..=CURSOR_TOPICS_MAX)
            .map(|it| format!("chat:{it}"))
            .collect();
        let many: Vec<_> = many.iter().map(|topic| ("topic", topic.as_str())).collect();
        check(&many);
    }

    fn written(events: &mut Events, frame: &ServerFrame) -> (String, bool) {
        let mut out = Vec::new();
        let json = Codec::Json.encode(frame);
        let flow = events.write(Sent::Frame(&json), &mut out);
        (String::from_utf8(out).expect("text"), flow.is_continue())
    }

    #[test]
    fn the_id_of_an_event_is_where_its_reader_stands() {
        let asked = asked(&[("topic", "chat:a"), ("topic", "chat:b")]);
        let mut events = Events::new(asked, BTreeSet::new());
        let event = Codec::Json.payload(&1_u32).expect("a short event");
        let publication = |offset, event: &Payload| Publication {
            offset,
            step: 1,
            event: event.clone(),
        };
        let subscribed = |id, offset, publications| ServerFrame::Subscribed {
            id,
            topic_id: TopicId(id + 10),
            position: Position {
                epoch: Epoch(7),
                offset,
            },
            recovered: true,
            gap: None,
            head: 9,
            members: None,
            publications: List::cut(publications),
        };
        let (text, _) = written(&mut events, &subscribed(1, 3, vec![publication(4, &event)]));
        assert!(
            text.starts_with("id: chat:b@7-4\nevent: subscribed\ndata: {"),
            "{text}"
        );
        let (text, _) = written(&mut events, &subscribed(0, 2, Vec::new()));
        assert!(text.starts_with("id: chat:a@7-2,chat:b@7-4\n"), "{text}");
        let frame = ServerFrame::of_publication(TopicId(10), publication(3, &event));
        let (text, _) = written(&mut events, &frame);
        let data = r#"{"type":"publication","topic_id":10,"offset":3,"step":1,"event":1}"#;
        let expected = format!("id: chat:a@7-3,chat:b@7-4\nevent: publication\ndata: {data}\n\n");
        assert_eq!(text, expected);
        let gap = |to, cause| ServerFrame::Gap {
            topic_id: TopicId(10),
            gap: Gap {
                from: 4,
                to,
                count: 5,
                cause,
            },
        };
        let (text, goes_on) = written(&mut events, &gap(8, GapCause::Retention));
        assert!(text.starts_with("id: chat:a@7-8,"), "{text}");
        assert!(goes_on);
        let (text, goes_on) = written(&mut events, &gap(0, GapCause::Epoch));
        assert!(text.starts_with("event: gap\n"), "{text}");
        assert!(!goes_on, "it comes back to subscribe anew");
    }

    #[test]
    fn id_has_the_digest_of_the_event_that_a_log_reader_stands_at() {
        let topic: TopicName = "chat:a".parse().expect("a topic");
        let asked = asked(&[("topic", "chat:a"), ("last-event-id", "chat:a@7-2-99")]);
        let mut events = Events::new(asked, BTreeSet::from([topic]));
        let publication = |offset, text: &str| Publication {
            offset,
            step: 1,
            event: Payload::try_from(text.as_bytes().to_vec()).expect("a short event"),
        };
        let subscribed = |offset, recovered, publications| ServerFrame::Subscribed {
            id: 0,
            topic_id: TopicId(1),
            position: Position {
                epoch: Epoch(7),
                offset,
            },
            recovered,
            gap: None,
            head: 9,
            members: None,
            publications: List::cut(publications),
        };
        let mut check = |frame: &ServerFrame, id: &str| {
            let (text, _) = written(&mut events, frame);
            let expected = format!("id: chat:a@7-{id}\n");
            assert!(text.starts_with(&expected), "{text}, expected {expected}");
        };
        // Nothing was missed: the event that the reader has is the one that it said.
        check(&subscribed(2, true, vec![]), "2-99");
        let digest = |text: &str| Digest::of_bytes(text.as_bytes()).0;
        // The digest is of the text as it stands in the frame.
        let odd = r#"{"b":1, "a":[ 2 ]}"#;
        let id = format!("4-{}", digest(odd));
        let page = vec![publication(3, "3"), publication(4, odd)];
        check(&subscribed(2, true, page), &id);
        let frame = ServerFrame::of_publication(TopicId(1), publication(5, "5"));
        check(&frame, &format!("5-{}", digest("5")));
        let gap = Gap {
            from: 6,
            to: 8,
            count: 3,
            cause: GapCause::Retention,
        };
        let topic_id = TopicId(1);
        check(&ServerFrame::Gap { topic_id, gap }, "8");
        check(&frame, "8");
        // The same offset of another branch of the history has another event.
        let page = vec![publication(8, "8")];
        check(&subscribed(7, false, page), &format!("8-{}", digest("8")));
        check(&subscribed(8, false, vec![]), "8");
    }

    #[test]
    fn a_heartbeat_is_a_comment_and_a_drain_says_when_to_come_back() {
        let mut events = Events::new(asked(&[("topic", "chat:a")]), BTreeSet::new());
        let heads = List::default();
        assert_eq!(
            written(&mut events, &ServerFrame::Ping { heads }).0,
            ":\n\n"
        );
        let (text, _) = written(&mut events, &ServerFrame::Drain { after_ms: 70 });
        assert!(text.starts_with("retry: 70\nevent: drain\n"), "{text}");
    }
}
