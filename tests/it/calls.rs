//! Calls: a typed request, one typed response.

use trunkline_client::CallError;
use trunkline_protocol::contract::Contract;
use trunkline_protocol::frame::Start;
use trunkline_protocol::topics::chat::{Chat, ChatCommand, ListRooms, ListRoomsRequest};
use trunkline_protocol::{Call, ClientFrame, ErrorCode, Payload, ServerFrame, Text};
use trunkline_tests::{TestServer, within};

#[tokio::test]
async fn the_rooms_in_use_are_listed_with_people_first() {
    let server = TestServer::start().await;
    let mut ada = server.peer("ada").await;
    ada.subscribe("chat:full", Start::default()).await;
    ada.publish::<Chat>(
        &"quiet".parse().expect("a room"),
        &ChatCommand::Say {
            text: Text::cut("hi"),
        },
    )
    .await;

    let client = server.client("bob").await;
    // A call is refused at once while there is no connection yet.
    let rooms = trunkline_tests::until("an answer", async || {
        match client.call::<ListRooms>(&ListRoomsRequest {}).await {
            Ok(rooms) => Some(rooms),
            Err(CallError::Refused(error)) if error.code == ErrorCode::Unavailable => None,
            Err(other) => panic!("{other}"),
        }
    })
    .await;
    let rooms: Vec<(&str, u32, u64)> = rooms
        .rooms
        .iter()
        .map(|room| (room.name.as_str(), room.people, room.events))
        .collect();
    assert_eq!(rooms, [("full", 1, 0), ("quiet", 0, 1)]);
}

/// A call that this server does not know.
enum Nobody {}

impl Call for Nobody {
    const METHOD: &'static str = "nobody.answers";
    type Request = ListRoomsRequest;
    type Response = ListRoomsRequest;
}

#[tokio::test]
async fn an_unknown_method_and_a_foreign_contract_are_refused() {
    let server = TestServer::start().await;
    let mut peer = server.peer("ada").await;
    for (method, contract, code) in [
        (Nobody::METHOD, None, ErrorCode::UnknownMethod),
        (
            ListRooms::METHOD,
            Some(ListRoomsRequest::SHAPE.fingerprint()),
            ErrorCode::ContractMismatch,
        ),
    ] {
        let id = peer.id();
        let request = Payload::default();
        peer.send(&ClientFrame::Call {
            id,
            method: Text::cut(method),
            contract,
            deadline_ms: 1000,
            request,
        })
        .await;
        let answer = within("an answer", peer.answer_to(id)).await;
        let ServerFrame::Refused { error, .. } = answer else {
            panic!("expected Refused, got {answer:?}")
        };
        assert_eq!(error.code, code, "{method}");
    }
}
