//! Samples of what a server says.

use super::*;

fn subscribed_example(
    form: Form,
    offset: Offset,
    recovered: bool,
    words: &[(User, &str)],
) -> ServerFrame {
    let publication = |(n, (author, words)): (usize, &(User, &str))| {
        let event = ChatEvent::Said {
            author: author.clone(),
            at: NEW_YEAR,
            text: text(words),
        };
        Publication {
            offset: offset + 1 + n as Offset,
            step: 1,
            event: form.payload(&event),
        }
    };
    ServerFrame::Subscribed {
        id: 1,
        topic_id: TopicId(1),
        position: position(7, offset),
        recovered,
        gap: None,
        head: offset + words.len() as Offset,
        members: Some(Members {
            count: 1,
            listed: list(vec![Member {
                user: mina(),
                connections: 1,
            }]),
        }),
        publications: list(words.iter().enumerate().map(publication).collect()),
    }
}

fn server_examples(form: Form) -> Vec<Sample<ServerFrame>> {
    let published = |id, duplicate| ServerFrame::Published {
        id,
        position: position(7, 1),
        duplicate,
    };
    let rooms = Rooms {
        rooms: list(vec![RoomInfo {
            name: text("lobby"),
            people: 1,
            events: 1,
        }]),
    };
    vec![
        sample(
            "example.2.connected",
            ServerFrame::Connected {
                session: 1,
                user: mina(),
                ping_interval_ms: 10_000,
                token_ttl_ms: 900_000,
                limits: Limits {
                    frame_len_max: 65_536,
                    subscriptions_max: 128,
                    requests_max: 64,
                },
            },
        ),
        sample(
            "example.3.subscribed",
            subscribed_example(form, 0, false, &[]),
        ),
        sample(
            "example.5.publication",
            ServerFrame::of_publication(TopicId(1), publication(form, 1, "hello")),
        ),
        sample("example.6.published", published(2, false)),
        sample("example.8.published_again", published(3, true)),
        sample(
            "example.9.ping",
            ServerFrame::Ping {
                heads: list(vec![Head {
                    topic_id: TopicId(1),
                    offset: 1,
                }]),
            },
        ),
        sample(
            "example.12.returned",
            ServerFrame::Returned {
                id: 4,
                response: form.payload(&rooms),
            },
        ),
        sample(
            "example.14.unsubscribed",
            ServerFrame::Unsubscribed {
                id: 5,
                topic_id: TopicId(1),
            },
        ),
        sample(
            "example.16.recovered",
            subscribed_example(form, 1, true, &[(sam(), "welcome back")]),
        ),
    ]
}

pub(crate) fn server_frames(form: Form) -> Vec<Sample<ServerFrame>> {
    let topic_id = TopicId(1);
    let page = |words: &[&str]| {
        list(
            words
                .iter()
                .enumerate()
                .map(|(n, words)| publication(form, 301 + n as Offset, words))
                .collect(),
        )
    };
    let refused = |detail: &str, code, retry_after_ms| ServerFrame::Refused {
        id: 5,
        error: Error {
            code,
            detail: text(detail),
            retry_after_ms,
        },
    };
    let gap_frame = |gap| ServerFrame::Gap { topic_id, gap };
    let mut all = vec![
        sample(
            "server.connected",
            ServerFrame::Connected {
                session: 42,
                user: mina(),
                ping_interval_ms: 10_000,
                token_ttl_ms: 900_000,
                limits: Limits {
                    frame_len_max: 65_536,
                    subscriptions_max: 128,
                    requests_max: 64,
                },
            },
        ),
        sample(
            "server.subscribed.recovered",
            ServerFrame::Subscribed {
                id: 1,
                topic_id,
                position: position(9, 300),
                recovered: true,
                gap: None,
                head: 302,
                members: Some(here()),
                publications: page(&["hello", "안녕"]),
            },
        ),
        sample(
            "server.subscribed.gap",
            ServerFrame::Subscribed {
                id: 1,
                topic_id,
                position: position(9, 300),
                recovered: false,
                gap: Some(gap(101, 300, 200, GapCause::Retention)),
                head: 301,
                members: None,
                publications: page(&["hello"]),
            },
        ),
        sample(
            "server.subscribed.empty",
            ServerFrame::Subscribed {
                id: 2,
                topic_id: TopicId(300),
                position: position(9, 0),
                recovered: false,
                gap: None,
                head: 0,
                members: None,
                publications: List::default(),
            },
        ),
        sample(
            "server.unsubscribed",
            ServerFrame::Unsubscribed { id: 4, topic_id },
        ),
        sample(
            "server.published",
            ServerFrame::Published {
                id: 5,
                position: position(9, 65_536),
                duplicate: false,
            },
        ),
        sample(
            "server.published.duplicate",
            ServerFrame::Published {
                id: 5,
                position: position(9, 4_294_967_296),
                duplicate: true,
            },
        ),
        sample(
            "server.refused",
            refused("this room is read-only", ErrorCode::Forbidden, None),
        ),
        sample(
            "server.refused.later",
            refused(
                "too many requests per second",
                ErrorCode::TooFast,
                Some(250),
            ),
        ),
        sample(
            "server.refused.unknown_code",
            refused("", ErrorCode::Unknown(299), None),
        ),
        sample(
            "server.returned",
            ServerFrame::Returned {
                id: 6,
                response: form.payload(&all_rooms()),
            },
        ),
        sample(
            "server.history",
            ServerFrame::History {
                id: 7,
                epoch: Epoch(9),
                first: 300,
                head: 302,
                publications: page(&["hello"]),
            },
        ),
        sample(
            "server.present",
            ServerFrame::Present {
                id: 8,
                members: here(),
            },
        ),
        sample(
            "server.refreshed",
            ServerFrame::Refreshed {
                id: 9,
                token_ttl_ms: 900_000,
            },
        ),
        sample(
            "server.publication",
            ServerFrame::of_publication(topic_id, publication(form, 303, "good night")),
        ),
        sample(
            "server.publication.sparse",
            ServerFrame::Publication {
                topic_id: TopicId(70_000),
                offset: 9_007_199_254_740_991,
                step: 251,
                event: Tail(form.payload(&TypingEvent {
                    user: sam(),
                    typing: true,
                })),
            },
        ),
        sample(
            "server.gap.retention",
            gap_frame(gap(1, 300, 300, GapCause::Retention)),
        ),
        sample("server.gap.epoch", gap_frame(gap(1, 0, 0, GapCause::Epoch))),
        sample(
            "server.gap.slow",
            gap_frame(gap(310, 350, 41, GapCause::Slow)),
        ),
        sample(
            "server.gap.conflated",
            gap_frame(gap(310, 350, 12, GapCause::Conflated)),
        ),
        sample(
            "server.joined",
            ServerFrame::Joined {
                topic_id,
                count: 3,
                member: Member {
                    user: sam(),
                    connections: 2,
                },
            },
        ),
        sample(
            "server.left",
            ServerFrame::Left {
                topic_id,
                count: 2,
                user: UserId(7),
            },
        ),
        sample(
            "server.ping",
            ServerFrame::Ping {
                heads: list(vec![
                    Head {
                        topic_id,
                        offset: 303,
                    },
                    Head {
                        topic_id: TopicId(2),
                        offset: 9,
                    },
                ]),
            },
        ),
        sample(
            "server.ping.quiet",
            ServerFrame::Ping {
                heads: List::default(),
            },
        ),
        sample("server.probed", ServerFrame::Probed { nonce: u32::MAX }),
        sample("server.drain", ServerFrame::Drain { after_ms: 1500 }),
    ];
    all.extend(server_examples(form));
    all
}
