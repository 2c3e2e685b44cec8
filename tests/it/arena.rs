//! The arena over real sockets: players, watchers and cheaters; a match that is played again.

use std::time::{Duration, Instant};

use trunkline_arena::{Pilot, Record, Refusal, Snapshot};
use trunkline_client::{Client, Options, Update};
use trunkline_protocol::frame::Start;
use trunkline_protocol::topics::arena::{
    Arena, ArenaAsked, ArenaEvent, ArenaInput, ArenaJoined, ArenaNamed, ArenaPlayers, ArenaRoom,
    ArenaSteer, ArenaSteered, ArenaTaken, ArenaWish, JoinArena, LeaveArena, ListArenaPlayers,
    ListArenas, SteerArena,
};
use trunkline_protocol::{
    Call, ClientFrame, Codec, Error, ErrorCode, MessageId, Payload, SenderId, ServerFrame, Text,
};
use trunkline_tests::{Peer, TestServer, until, within};

const ROOM: &str = "duel";

const RIGHT: ArenaInput = ArenaInput {
    does: 8,
    aim: 0,
    view_back: 0,
};

/// A server without bots.
async fn server() -> TestServer {
    TestServer::start_with(|config| config.arena_bots = 0).await
}

/// Somebody who reads the room.
struct Watcher {
    peer: Peer,
    key: Option<Snapshot>,
}

impl Watcher {
    async fn of(mut peer: Peer) -> Self {
        let answer = peer
            .subscribe(&format!("arena:{ROOM}"), Start::Newest { count: 64 })
            .await;
        let ServerFrame::Subscribed { publications, .. } = answer else {
            panic!("{answer:?}")
        };
        // What was kept begins at a keyframe.
        let mut watcher = Self { peer, key: None };
        for publication in publications {
            let event = Codec::Bincode.decode(publication.event.as_bytes());
            watcher.see(event.expect("an event"));
        }
        watcher
    }

    fn see(&mut self, event: ArenaEvent) -> Snapshot {
        match event {
            ArenaEvent::Keyframe { bytes } => {
                let snapshot = Snapshot::from_keyframe(&bytes).expect("a keyframe");
                self.key.insert(snapshot).clone()
            }
            ArenaEvent::Delta { bytes } => {
                let key = self.key.as_ref().expect("a keyframe comes first");
                Snapshot::from_delta(&bytes, key).expect("a delta of it")
            }
        }
    }

    /// The next snapshot.
    async fn next(&mut self) -> Snapshot {
        let event = within("a snapshot", self.peer.event::<Arena>()).await;
        self.see(event)
    }

    /// Waits for a snapshot.
    async fn until(&mut self, is_it: impl Fn(&Snapshot) -> bool) -> Snapshot {
        within("a snapshot of its kind", async {
            loop {
                let snapshot = self.next().await;
                if is_it(&snapshot) {
                    return snapshot;
                }
            }
        })
        .await
    }
}

async fn join(peer: &mut Peer, room: Option<&str>) -> Result<ArenaJoined, Error> {
    let room = room.map(Text::cut);
    peer.call::<JoinArena>(&ArenaWish { room }).await
}

/// Takes a seat in the room.
async fn seat(peer: &mut Peer) -> u8 {
    match join(peer, Some(ROOM)).await {
        Ok(ArenaJoined::Seated { room, seat, .. }) => {
            assert_eq!(room.as_str(), ROOM);
            seat
        }
        other => panic!("{other:?}"),
    }
}

async fn steer(peer: &mut Peer, tick: u32, inputs: &[ArenaInput]) -> Result<ArenaSteered, Error> {
    let request = ArenaSteer {
        room: Text::cut(ROOM),
        tick,
        inputs: inputs.to_vec().try_into().expect("few inputs"),
    };
    peer.call::<SteerArena>(&request).await
}

async fn players(peer: &mut Peer) -> ArenaPlayers {
    let room = Text::cut(ROOM);
    let players = peer.call::<ListArenaPlayers>(&ArenaNamed { room }).await;
    players.expect("an answer")
}

#[tokio::test]
async fn two_people_play_and_a_third_watches() {
    let server = server().await;
    let mut ada = server.peer("ada").await;
    let mut bob = server.peer("bob").await;
    let seats = [seat(&mut ada).await, seat(&mut bob).await];
    assert_eq!(seats, [0, 1]);
    assert_eq!(seat(&mut ada).await, 0, "it is hers already");

    let mut watcher = Watcher::of(server.peer("eve").await).await;
    let before = watcher.next().await;
    let from = before.players[1].expect("bob's disc").at;
    let steered = steer(&mut bob, before.tick + 10, &[RIGHT; 8]).await;
    let steered = steered.expect("an answer");
    assert_eq!(steered.inputs[..], [ArenaTaken::Taken; 8]);
    let after = watcher.until(|it| it.tick == before.tick + 18).await;
    assert!(after.players[1].expect("bob's disc").at.x > from.x);
    assert_eq!(
        after.players[0].map(|it| it.at),
        before.players[0].map(|it| it.at)
    );

    let players = players(&mut watcher.peer).await;
    let names: Vec<_> = players
        .players
        .iter()
        .map(|it| it.user.as_ref().map(|user| user.name.to_string()))
        .collect();
    assert_eq!(names, [Some("ada".to_owned()), Some("bob".to_owned())]);
    assert_eq!(players.roster, after.roster);
    let rooms = watcher.peer.call::<ListArenas>(&ArenaAsked {}).await;
    let rooms = rooms.expect("an answer").rooms;
    assert_eq!((rooms[0].room.as_str(), rooms[0].players), (ROOM, 2));

    let room = Text::cut(ROOM);
    let left = ada.call::<LeaveArena>(&ArenaNamed { room }).await;
    assert!(left.expect("an answer").left);
    let alone = watcher.until(|it| it.players[0].is_none()).await;
    assert_ne!(alone.roster, after.roster);
}

#[tokio::test]
async fn ticks_come_one_by_one_and_in_time() {
    let server = server().await;
    let mut ada = server.peer("ada").await;
    seat(&mut ada).await;
    let mut watcher = Watcher::of(ada).await;
    let first = watcher.next().await;
    let since = Instant::now();
    for tick in first.tick + 1..=first.tick + 60 {
        assert_eq!(watcher.next().await.tick, tick);
    }
    let took = since.elapsed();
    assert!(
        took > Duration::from_millis(1_900),
        "{took:?} for two seconds"
    );
}

#[tokio::test]
async fn bots_keep_a_lonely_player_company() {
    let server = TestServer::start().await;
    let mut ada = server.peer("ada").await;
    seat(&mut ada).await;
    let players = players(&mut ada).await.players;
    let bots = players.iter().filter(|it| it.user.is_none()).count();
    assert_eq!((players.len(), bots), (4, 3));
    let mut watcher = Watcher::of(ada).await;
    let before = watcher.next().await;
    watcher
        .until(|it| {
            (1..4).all(|seat| {
                it.players[seat].map(|it| it.at) != before.players[seat].map(|it| it.at)
            })
        })
        .await;
}

/// The answer to a call whose request may be no such request.
async fn call_with(peer: &mut Peer, method: &str, request: Payload) -> Result<(), ErrorCode> {
    let id = peer.id();
    peer.send(&ClientFrame::Call {
        id,
        method: Text::cut(method),
        contract: None,
        deadline_ms: 10_000,
        request,
    })
    .await;
    match peer.answer_to(id).await {
        ServerFrame::Returned { .. } => Ok(()),
        ServerFrame::Refused { error, .. } => Err(error.code),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_cheater_is_refused_and_nobody_else_notices() {
    let server = server().await;
    let mut ada = server.peer("ada").await;
    let mut eve = server.peer("eve").await;
    seat(&mut ada).await;
    let mut watcher = Watcher::of(ada).await;
    let now = watcher.next().await.tick;

    // Not seated.
    let taken = async |peer: &mut Peer, tick, inputs: &[ArenaInput]| {
        steer(peer, tick, inputs)
            .await
            .map(|it| it.inputs.into_vec())
    };
    let refused = taken(&mut eve, now + 5, &[RIGHT]).await;
    assert_eq!(refused, Ok(vec![ArenaTaken::NotSeated]));
    assert_eq!(seat(&mut eve).await, 1);
    // From the past and from the future.
    let refused = taken(&mut eve, 0, &[RIGHT; 2]).await;
    assert_eq!(refused, Ok(vec![ArenaTaken::TooLate; 2]));
    let refused = taken(&mut eve, now + 3_000, &[RIGHT; 2]).await;
    assert_eq!(refused, Ok(vec![ArenaTaken::TooEarly; 2]));
    let refused = taken(&mut eve, u32::MAX, &[RIGHT; 3]).await;
    assert_eq!(
        refused.map(|it| it.first().copied()),
        Ok(Some(ArenaTaken::TooEarly))
    );
    // One tick again and again.
    let tick = watcher.next().await.tick + 25;
    assert_eq!(
        taken(&mut eve, tick, &[RIGHT]).await,
        Ok(vec![ArenaTaken::Taken])
    );
    assert_eq!(
        taken(&mut eve, tick, &[RIGHT]).await,
        Ok(vec![ArenaTaken::Twice])
    );
    // Moves that there are not, and a look too far back.
    for (does, view_back) in [(32, 0), (255, 0), (0, 13), (0, 255)] {
        let input = ArenaInput {
            does,
            aim: 0,
            view_back,
        };
        let refused = taken(&mut eve, tick + 1, &[input])
            .await
            .expect_err("no move");
        assert_eq!(refused.code, ErrorCode::Invalid, "{input:?}");
    }
    // Too many inputs at once: room, tick, nine of them.
    let mut nine = vec![4];
    nine.extend(b"duel");
    nine.extend([200, 9]);
    nine.extend([0; 27]);
    for bytes in [nine, vec![255; 50], Vec::new()] {
        let request = Payload::try_from(bytes).expect("a short request");
        let refused = call_with(&mut eve, SteerArena::METHOD, request).await;
        assert_eq!(refused, Err(ErrorCode::Malformed));
    }
    // Names that no room has, and a snapshot of one's own.
    for room in ["", "A", "a b", "-"] {
        let refused = join(&mut eve, Some(room)).await.expect_err("no name");
        assert_eq!(refused.code, ErrorCode::InvalidKey, "{room:?}");
    }
    let id = eve.id();
    eve.send(&ClientFrame::Publish {
        id,
        message_id: MessageId {
            sender: SenderId::from_random(1),
            counter: 1,
        },
        topic: Text::cut("arena:duel"),
        contract: None,
        command: Payload::try_from(vec![0, 1, 0]).expect("short"),
    })
    .await;
    let answer = eve.answer_to(id).await;
    let ServerFrame::Refused { error, .. } = answer else {
        panic!("{answer:?}")
    };
    assert_eq!(error.code, ErrorCode::Forbidden);

    // The one who plays fair has missed no tick, and still steers.
    let mut last = watcher.next().await;
    let steered = taken(&mut watcher.peer, last.tick + 10, &[RIGHT]).await;
    assert_eq!(steered, Ok(vec![ArenaTaken::Taken]));
    for _ in 0..30 {
        let next = watcher.next().await;
        assert_eq!(next.tick, last.tick + 1);
        last = next;
    }
}

#[tokio::test]
async fn a_flood_of_inputs_is_slowed_and_the_game_goes_on() {
    let server = server().await;
    let mut eve = server.peer("eve").await;
    seat(&mut eve).await;
    let mut watcher = Watcher::of(server.peer("ada").await).await;
    let mut too_fast = 0;
    for at in 0..600 {
        match steer(&mut eve, at, &[RIGHT; 8]).await {
            Ok(_) => {}
            Err(error) if error.code == ErrorCode::TooFast => too_fast += 1,
            Err(error) => panic!("{error}"),
        }
    }
    assert!(too_fast > 0, "600 calls at once");
    let last = watcher.next().await;
    assert!(watcher.next().await.tick > last.tick);
}

#[tokio::test]
async fn a_seat_waits_for_whoever_lost_the_line() {
    let server = server().await;
    let mut ada = server.peer("ada").await;
    assert_eq!(seat(&mut ada).await, 0);
    let token = ada.token().to_owned();
    let mut watcher = Watcher::of(server.peer("eve").await).await;
    let now = watcher.next().await.tick;
    let steered = steer(&mut ada, now + 10, &[RIGHT; 8]).await;
    assert_eq!(
        steered.expect("an answer").inputs[..],
        [ArenaTaken::Taken; 8]
    );
    drop(ada);
    // She is gone for longer than presence lingers, and drifts to a stop.
    let there = watcher.until(|it| it.tick > now + 90).await.players[0].expect("her disc");
    let mut ada = Peer::connect_with(server.address(), Codec::Bincode, &token).await;
    let Ok(ArenaJoined::Seated { room, seat, .. }) = join(&mut ada, None).await else {
        panic!("she is welcome back")
    };
    assert_eq!((room.as_str(), seat), (ROOM, 0));
    let now = watcher.next().await.players[0].expect("her disc");
    assert_eq!((now.at, now.score), (there.at, there.score));
}

#[tokio::test]
async fn a_full_room_can_be_watched() {
    let server = server().await;
    let mut all = Vec::new();
    for at in 0..32 {
        let mut peer = server.peer(&format!("p{at}")).await;
        assert_eq!(seat(&mut peer).await, at);
        all.push(peer);
    }
    let mut late = server.peer("late").await;
    let joined = join(&mut late, Some(ROOM)).await;
    assert_eq!(joined, Ok(ArenaJoined::Full { seats: 32 }));
    let mut late = Watcher::of(late).await;
    let snapshot = late.next().await;
    assert!(snapshot.players.iter().all(Option::is_some));
    // Whoever does not mind where gets another room.
    let Ok(ArenaJoined::Seated { room, .. }) = join(&mut late.peer, None).await else {
        panic!("there is room")
    };
    assert_eq!(room.as_str(), "room-1");
}

#[tokio::test]
async fn a_server_without_an_arena_says_so() {
    let server = TestServer::start_with(|config| config.arena_rooms = 0).await;
    let mut ada = server.peer("ada").await;
    let refused = join(&mut ada, None).await.expect_err("no arena");
    assert_eq!(refused.code, ErrorCode::Unavailable);
    assert_eq!(players(&mut ada).await, ArenaPlayers::default());
}

#[tokio::test]
async fn a_match_that_was_recorded_ends_the_same_when_it_is_played_again() {
    let folder = tempfile::tempdir().expect("a folder for the test");
    let path = folder.path().to_owned();
    let server = TestServer::start_with(|config| {
        config.arena_bots = 8;
        config.arena_match_seconds = 2;
        config.arena_pause_seconds = 1;
        config.arena_records = Some(path);
    })
    .await;
    let mut ada = server.peer("ada").await;
    seat(&mut ada).await;
    let mut watcher = Watcher::of(ada).await;
    // Somebody comes in the middle, and what she does is in the record, too.
    let mut bob = server.peer("bob").await;
    seat(&mut bob).await;
    let tick = watcher.next().await.tick;
    steer(&mut bob, tick + 5, &[RIGHT; 8]).await.expect("taken");
    let is_last = |it: &Snapshot| !it.playing && it.left == 0;
    let last = watcher.until(is_last).await;
    assert_eq!(last.number, 1);
    let next = watcher.next().await;
    assert_eq!(
        (next.number, next.playing, next.tick),
        (2, true, last.tick + 1)
    );
    assert!(next.players.iter().flatten().all(|it| it.score == 0));

    let record = until("the record", async || {
        let mut files = std::fs::read_dir(folder.path()).ok()?.flatten();
        let file = files.find(|file| file.path().extension().is_some_and(|it| it == "arena"))?;
        std::fs::read(file.path()).ok()
    })
    .await;
    let replayed = Record::replay(&record).expect("a record");
    assert_eq!((replayed.tick, replayed.hash), (last.tick, last.hash()));
    assert_eq!((replayed.differs_at, replayed.compared >= 3), (None, true));
}

/// What a player in a browser does: predicts, and compares.
async fn drive(client: &Client, seconds: u64) -> Pilot {
    let room: ArenaRoom = ROOM.parse().expect("a name");
    let mut updates = client.subscribe::<Arena>(room, Options::newest(64));
    let subscribed = within("an answer", updates.next()).await;
    assert!(matches!(subscribed, Some(Update::Subscribed { .. })));
    let wish = ArenaWish {
        room: Some(Text::cut(ROOM)),
    };
    let joined = client.call::<JoinArena>(&wish);
    let Ok(ArenaJoined::Seated { seat, .. }) = within("a seat", joined).await else {
        panic!("a seat is free")
    };
    let mut pilot = Pilot::new(seat, 2_000);
    let start = Instant::now();
    let mut key: Option<Snapshot> = None;
    let mut settled = None;
    let now = |start: Instant| start.elapsed().as_micros() as u64;
    let mut answers = futures_util::stream::FuturesUnordered::new();
    let mut clock = tokio::time::interval(Duration::from_millis(5));
    loop {
        tokio::select! {
            Some(update) = updates.next() => {
                let snapshot = match update {
                    Update::Event { event: ArenaEvent::Keyframe { bytes }, .. } => {
                        let snapshot = Snapshot::from_keyframe(&bytes).expect("a keyframe");
                        key.insert(snapshot).clone()
                    }
                    Update::Event { event: ArenaEvent::Delta { bytes }, .. } => {
                        let key = key.as_ref().expect("a keyframe comes first");
                        Snapshot::from_delta(&bytes, key).expect("a delta")
                    }
                    _ => continue,
                };
                pilot.handle_snapshot(now(start), &snapshot);
            }
            Some((tick, answer)) = futures_util::StreamExt::next(&mut answers) => {
                let answer: ArenaSteered = answer;
                match answer.inputs[0] {
                    ArenaTaken::Taken => pilot.handle_taken(tick, tick - answer.tick),
                    ArenaTaken::TooLate => {
                        pilot.handle_refused(tick, Refusal::TooLate(answer.tick - tick));
                    }
                    other => panic!("{other:?}"),
                }
            }
            _ = clock.tick() => {
                while let Some(tick) = pilot.poll(now(start)) {
                    // Round and round, through walls if there are some.
                    let does = [8, 8 + 2, 2, 4 + 2, 4, 4 + 1, 1, 8 + 1][(tick / 12 % 8) as usize];
                    let input = ArenaInput { does, aim: tick as u8, view_back: 0 };
                    pilot.steer(tick, checked(input));
                    let request = ArenaSteer {
                        room: Text::cut(ROOM),
                        tick,
                        inputs: vec![input].try_into().expect("one input"),
                    };
                    answers.push(async move {
                        let answer = client.call::<SteerArena>(&request).await;
                        (tick, answer.expect("an answer"))
                    });
                }
            }
        }
        // In the first second it finds out how far ahead it has to be.
        if settled.is_none() && start.elapsed() > Duration::from_secs(2) {
            settled = Some((pilot.corrections(), pilot.late()));
        }
        if start.elapsed() > Duration::from_secs(seconds) {
            let (corrections, late) = settled.expect("more than two seconds");
            // An input that a busy machine brings late is corrected, and no other is.
            let late = pilot.late() - late;
            assert!(pilot.corrections() - corrections <= 20 * late, "{pilot:?}");
            return pilot;
        }
    }
}

/// The same as the rules have it.
fn checked(input: ArenaInput) -> trunkline_arena::Input {
    let flag = |bit: u8| input.does & bit != 0;
    trunkline_arena::Input {
        moves: trunkline_arena::Moves {
            up: flag(1),
            down: flag(2),
            left: flag(4),
            right: flag(8),
        },
        aim: trunkline_arena::Angle(input.aim),
        fire: flag(16),
        view_back: input.view_back,
    }
}

#[tokio::test]
async fn whoever_plays_alone_predicts_exactly() {
    let server = server().await;
    let client = server.client("ada").await;
    let pilot = drive(&client, 5).await;
    assert_eq!(pilot.error(), 0, "{pilot:?}");
    assert!(pilot.lead() < 10, "{pilot:?}");
}
