//! Sessions: a step of the server's half of a conversation, and one of the client's.

use std::hint::black_box;
use std::time::Duration;

use trunkline_protocol::topics::chat::Chat;
use trunkline_protocol::{
    ClientFrame, Codec, Epoch, List, Moment, PROTOCOL_VERSION, Position, SenderId, ServerFrame,
    Text, Topic,
};
use trunkline_session::{
    ClientConfig, ClientEvent, ClientSession, Fallback, Pace, SavedOutbox, ServerConfig,
    ServerEvent, ServerSession, Wanted, Way,
};

use crate::operation::Operation;
use crate::samples;

pub(crate) const OPERATIONS: [Operation; 2] = [
    Operation::new("a publish through the server's session", publish),
    Operation::new("a publication through the client's session", take),
];

const TOKEN_TTL: Duration = Duration::from_secs(3600);

/// A request comes in, goes to its handler, and is answered.
fn publish(times: u32) {
    let start = Moment::from_ms(0);
    let (mut session, _) = open_server(start);
    let frame = samples::publish_frame(Codec::Bincode, 7);
    for number in 1..=times {
        let now = start + Duration::from_millis(u64::from(number));
        session.handle_frame(now, black_box(frame.clone()));
        let Some(ServerEvent::Publish { id, .. }) = session.poll_event() else {
            panic!("a publish is handed on");
        };
        let answer = ServerFrame::Published {
            id,
            position: position(u64::from(number)),
            duplicate: false,
        };
        session.answer(id, answer);
        black_box(session.poll_transmit()).expect("an answer");
    }
}

/// An event comes in and is told to the application.
fn take(times: u32) {
    let now = Moment::from_ms(0);
    let mut session = subscribed_client(now);
    let event = samples::event(Codec::Bincode);
    for number in 1..=u64::from(times) {
        let publication = samples::publication(number, &event);
        let frame = ServerFrame::of_publication(samples::TOPIC_ID, publication);
        session.handle_frame(now, black_box(frame));
        let told = black_box(session.poll_event());
        assert!(matches!(told, Some(ClientEvent::Publication { .. })));
    }
}

fn position(offset: u64) -> Position {
    Position {
        epoch: Epoch(7),
        offset,
    }
}

/// A server's half that has been greeted, and its greeting.
fn open_server(now: Moment) -> (ServerSession, ServerFrame) {
    let config = ServerConfig {
        pace: Pace {
            per_second: 1_000_000,
            burst: 1_000_000,
        },
        ..ServerConfig::default()
    };
    let mut session = ServerSession::new(config, Way::Both, now);
    let connect = ClientFrame::Connect {
        version: PROTOCOL_VERSION,
        token: Text::cut("token"),
        agent: Text::cut("cost"),
        subscriptions: List::default(),
    };
    session.handle_frame(now, connect);
    session.poll_event().expect("a token to be checked");
    session.handle_authenticated(now, 1, samples::user(), TOKEN_TTL);
    let greeting = session.poll_transmit().expect("a greeting");
    (session, greeting)
}

fn subscribed_client(now: Moment) -> ClientSession {
    let mut session = ClientSession::new(ClientConfig {
        agent: "cost".to_owned(),
        outbox: SavedOutbox::new(SenderId::from_random(5)),
        seed: 1,
        fallback: Fallback::off(),
        events_are_as_sent: true,
    });
    let wanted = Wanted {
        topic: samples::ROOM.parse().expect("a topic"),
        contract: Some(Chat::contract()),
        log: true,
        newest: 0,
        presence: false,
        max_hz: None,
    };
    session.subscribe(now, wanted).expect("the first one");
    session.start(now);
    session.handle_token(now, Ok("token".to_owned()));
    session.handle_opened(now);
    let connect = session.poll_transmit();
    let Some(ClientFrame::Connect { subscriptions, .. }) = connect else {
        panic!("a client begins with connect: {connect:?}");
    };
    let subscribed = ServerFrame::Subscribed {
        id: subscriptions[0].id,
        topic_id: samples::TOPIC_ID,
        position: position(0),
        recovered: false,
        gap: None,
        head: 0,
        members: None,
        publications: List::default(),
    };
    let (_, greeting) = open_server(now);
    session.handle_frame(now, greeting);
    session.handle_frame(now, subscribed);
    while session.poll_event().is_some() {}
    session
}
