//! Round trips: any frame comes back as it was, and no bytes at all make a decoder panic.

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;
use crate::contract::Fingerprint;
use crate::frame::{Head, Limits, Range, Start, Subscribe};
use crate::{
    ClientFrame, Digest, Epoch, Error, Gap, GapCause, Member, Members, MessageId, Position,
    Publication, ServerFrame, TopicId, User, UserId,
};

/// Numbers on both sides of every boundary of a varint.
fn long() -> impl Strategy<Value = u64> {
    prop_oneof![
        0..=252_u64,
        65_534..=65_537_u64,
        u64::from(u32::MAX) - 1..=u64::from(u32::MAX) + 1,
        Just(u64::MAX),
        any::<u64>(),
    ]
}

fn int() -> impl Strategy<Value = u32> {
    prop_oneof![
        0..=252_u32,
        65_534..=65_537_u32,
        Just(u32::MAX),
        any::<u32>()
    ]
}

fn text<const MAX: usize>() -> BoxedStrategy<Text<MAX>> {
    prop_oneof![
        vec(any::<char>(), 0..20)
            .prop_map(|chars| Text::cut(&chars.into_iter().collect::<String>())),
        Just(Text::cut(&"가".repeat(MAX))),
    ]
    .boxed()
}

fn list<T: fmt::Debug, const MAX: usize>(
    each: impl Strategy<Value = T>,
) -> impl Strategy<Value = List<T, MAX>> {
    vec(each, 0..4).prop_map(List::cut)
}

fn json_value() -> BoxedStrategy<Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        ".{0,8}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(Value::from),
            vec((".{0,4}", inner), 0..4).prop_map(|fields| fields.into_iter().collect::<Value>()),
        ]
    })
    .boxed()
}

fn payload(codec: Codec) -> BoxedStrategy<Payload> {
    let fits = |bytes| Payload::try_from(bytes).expect("a short payload");
    match codec {
        Codec::Bincode => vec(any::<u8>(), 0..300).prop_map(fits).boxed(),
        Codec::Json => json_value()
            .prop_map(move |value| fits(value.to_string().into_bytes()))
            .boxed(),
    }
}

fn contract() -> impl Strategy<Value = Option<Fingerprint>> {
    proptest::option::of(int().prop_map(Fingerprint))
}

fn position() -> impl Strategy<Value = Position> {
    (int(), long()).prop_map(|(epoch, offset)| Position {
        epoch: Epoch(epoch),
        offset,
    })
}

fn start() -> impl Strategy<Value = Start> {
    prop_oneof![
        any::<u16>().prop_map(|count| Start::Newest { count }),
        position().prop_map(Start::After),
        (position(), int()).prop_map(|(at, digest)| Start::after(at, Some(Digest(digest)))),
    ]
}

fn range() -> impl Strategy<Value = Range> {
    prop_oneof![
        long().prop_map(|offset| Range::Before { offset }),
        long().prop_map(|offset| Range::After { offset }),
    ]
}

fn subscribe() -> BoxedStrategy<Subscribe> {
    let max_hz = proptest::option::of(any::<u16>());
    (int(), text(), contract(), start(), any::<bool>(), max_hz)
        .prop_map(|(id, topic, contract, start, presence, max_hz)| Subscribe {
            id,
            topic,
            contract,
            start,
            presence,
            max_hz,
        })
        .boxed()
}

fn message_id() -> impl Strategy<Value = MessageId> {
    (long(), int()).prop_map(|(sender, counter)| MessageId {
        sender: SenderId::from_random(sender),
        counter,
    })
}

fn user() -> impl Strategy<Value = User> {
    (long(), text()).prop_map(|(id, name)| User {
        id: UserId(id),
        name,
    })
}

fn member() -> BoxedStrategy<Member> {
    (user(), int())
        .prop_map(|(user, connections)| Member { user, connections })
        .boxed()
}

fn members() -> BoxedStrategy<Members> {
    (int(), list(member()))
        .prop_map(|(count, listed)| Members { count, listed })
        .boxed()
}

fn gap() -> BoxedStrategy<Gap> {
    let cause = prop_oneof![
        Just(GapCause::Retention),
        Just(GapCause::Epoch),
        Just(GapCause::Slow),
        Just(GapCause::Conflated),
    ];
    (long(), long(), long(), cause)
        .prop_map(|(from, to, count, cause)| Gap {
            from,
            to,
            count,
            cause,
        })
        .boxed()
}

fn error() -> BoxedStrategy<Error> {
    (any::<u16>(), text(), proptest::option::of(int()))
        .prop_map(|(code, detail, retry_after_ms)| Error {
            code: code.into(),
            detail,
            retry_after_ms,
        })
        .boxed()
}

fn publication(codec: Codec) -> BoxedStrategy<Publication> {
    (long(), int(), payload(codec))
        .prop_map(|(offset, step, event)| Publication {
            offset,
            step,
            event,
        })
        .boxed()
}

fn client_frame(codec: Codec) -> BoxedStrategy<ClientFrame> {
    prop_oneof![
        (any::<u16>(), text(), text(), list(subscribe())).prop_map(
            |(version, token, agent, subscriptions)| {
                ClientFrame::Connect {
                    version,
                    token,
                    agent,
                    subscriptions,
                }
            }
        ),
        subscribe().prop_map(ClientFrame::Subscribe),
        (int(), text()).prop_map(|(id, topic)| ClientFrame::Unsubscribe { id, topic }),
        (int(), message_id(), text(), contract(), payload(codec)).prop_map(
            |(id, message_id, topic, contract, command)| ClientFrame::Publish {
                id,
                message_id,
                topic,
                contract,
                command
            }
        ),
        (int(), text(), contract(), int(), payload(codec)).prop_map(
            |(id, method, contract, deadline_ms, request)| {
                ClientFrame::Call {
                    id,
                    method,
                    contract,
                    deadline_ms,
                    request,
                }
            }
        ),
        int().prop_map(|id| ClientFrame::Cancel { id }),
        (int(), text(), range(), any::<u16>()).prop_map(|(id, topic, range, limit)| {
            ClientFrame::History {
                id,
                topic,
                range,
                limit,
            }
        }),
        (int(), text()).prop_map(|(id, topic)| ClientFrame::Presence { id, topic }),
        (int(), text()).prop_map(|(id, token)| ClientFrame::Refresh { id, token }),
        Just(ClientFrame::Pong),
        int().prop_map(|nonce| ClientFrame::Probe { nonce }),
    ]
    .boxed()
}

fn answer(codec: Codec) -> BoxedStrategy<ServerFrame> {
    let limits =
        (int(), int(), int()).prop_map(|(frame_len_max, subscriptions_max, requests_max)| Limits {
            frame_len_max,
            subscriptions_max,
            requests_max,
        });
    prop_oneof![
        (int(), user(), int(), int(), limits).prop_map(
            |(session, user, ping_interval_ms, token_ttl_ms, limits)| {
                ServerFrame::Connected {
                    session,
                    user,
                    ping_interval_ms,
                    token_ttl_ms,
                    limits,
                }
            }
        ),
        (
            (int(), int().prop_map(TopicId), position(), any::<bool>()),
            (
                proptest::option::of(gap()),
                long(),
                proptest::option::of(members()),
                list(publication(codec))
            ),
        )
            .prop_map(
                |((id, topic_id, position, recovered), (gap, head, members, publications))| {
                    ServerFrame::Subscribed {
                        id,
                        topic_id,
                        position,
                        recovered,
                        gap,
                        head,
                        members,
                        publications,
                    }
                }
            ),
        (int(), int()).prop_map(|(id, topic)| ServerFrame::Unsubscribed {
            id,
            topic_id: TopicId(topic)
        }),
        (int(), position(), any::<bool>()).prop_map(|(id, position, duplicate)| {
            ServerFrame::Published {
                id,
                position,
                duplicate,
            }
        }),
        (int(), error()).prop_map(|(id, error)| ServerFrame::Refused { id, error }),
        (int(), payload(codec)).prop_map(|(id, response)| ServerFrame::Returned { id, response }),
        (int(), int(), long(), long(), list(publication(codec))).prop_map(
            |(id, epoch, first, head, publications)| {
                ServerFrame::History {
                    id,
                    epoch: Epoch(epoch),
                    first,
                    head,
                    publications,
                }
            }
        ),
        (int(), members()).prop_map(|(id, members)| ServerFrame::Present { id, members }),
        (int(), int()).prop_map(|(id, token_ttl_ms)| ServerFrame::Refreshed { id, token_ttl_ms }),
    ]
    .boxed()
}

fn server_frame(codec: Codec) -> BoxedStrategy<ServerFrame> {
    let topic_id = || int().prop_map(TopicId);
    let head = (topic_id(), long()).prop_map(|(topic_id, offset)| Head { topic_id, offset });
    prop_oneof![
        answer(codec),
        (topic_id(), publication(codec))
            .prop_map(|(topic_id, it)| ServerFrame::of_publication(topic_id, it)),
        (topic_id(), gap()).prop_map(|(topic_id, gap)| ServerFrame::Gap { topic_id, gap }),
        (topic_id(), int(), member()).prop_map(|(topic_id, count, member)| ServerFrame::Joined {
            topic_id,
            count,
            member
        }),
        (topic_id(), int(), long()).prop_map(|(topic_id, count, user)| ServerFrame::Left {
            topic_id,
            count,
            user: UserId(user)
        }),
        list(head).prop_map(|heads| ServerFrame::Ping { heads }),
        int().prop_map(|nonce| ServerFrame::Probed { nonce }),
        int().prop_map(|after_ms| ServerFrame::Drain { after_ms }),
        (any::<u16>(), text()).prop_map(|(code, reason)| ServerFrame::Disconnect { code, reason }),
    ]
    .boxed()
}

/// A vector with something wrong with it: hostile bytes that get further than random ones.
fn damaged(kind: &'static str) -> impl Strategy<Value = Vec<u8>> {
    let vectors = vectors::bytes_of(kind);
    (
        proptest::sample::select(vectors),
        vec((any::<prop::sample::Index>(), any::<u8>()), 0..4),
        any::<bool>(),
    )
        .prop_map(|(mut bytes, changes, cut)| {
            for (place, byte) in changes {
                let place = place.index(bytes.len());
                bytes[place] = byte;
                if cut {
                    bytes.truncate(place.max(1));
                }
            }
            bytes
        })
}

fn nothing_panics(bytes: &[u8]) {
    for codec in [Codec::Bincode, Codec::Json] {
        let _ = codec.decode::<ClientFrame>(bytes);
        let _ = codec.decode::<ServerFrame>(bytes);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_client_frame_comes_back_from_bincode_and_wincode_writes_the_same(frame in client_frame(Codec::Bincode)) {
        let bytes = Codec::Bincode.encode(&frame);
        vectors::check_twin(&frame, &bytes, vectors::no_tail);
        prop_assert_eq!(Codec::Bincode.decode(&bytes), Ok(frame));
    }

    #[test]
    fn a_server_frame_comes_back_from_bincode_and_wincode_writes_the_same(frame in server_frame(Codec::Bincode)) {
        let bytes = Codec::Bincode.encode(&frame);
        vectors::check_twin(&frame, &bytes, vectors::tail_len);
        prop_assert_eq!(Codec::Bincode.decode(&bytes), Ok(frame));
    }

    #[test]
    fn a_client_frame_comes_back_from_json(frame in client_frame(Codec::Json)) {
        prop_assert_eq!(Codec::Json.decode(&Codec::Json.encode(&frame)), Ok(frame));
    }

    #[test]
    fn a_server_frame_comes_back_from_json(frame in server_frame(Codec::Json)) {
        prop_assert_eq!(Codec::Json.decode(&Codec::Json.encode(&frame)), Ok(frame));
    }

    #[test]
    fn no_bytes_make_a_decoder_panic(bytes in vec(any::<u8>(), 0..200)) {
        nothing_panics(&bytes);
    }

    #[test]
    fn no_text_makes_a_decoder_panic(text in "[{}\\[\\]:,\"a-z0-9\\\\. -]{0,60}") {
        nothing_panics(text.as_bytes());
    }

    #[test]
    fn no_damaged_frame_makes_a_decoder_panic(
        client in damaged("client_frame"),
        server in damaged("server_frame"),
    ) {
        nothing_panics(&client);
        nothing_panics(&server);
    }

    #[test]
    fn a_damaged_frame_that_is_read_is_a_frame(bytes in damaged("server_frame")) {
        if let Ok(frame) = Codec::Bincode.decode::<ServerFrame>(&bytes) {
            prop_assert_eq!(Codec::Bincode.decode(&Codec::Bincode.encode(&frame)), Ok(frame));
        }
    }
}
