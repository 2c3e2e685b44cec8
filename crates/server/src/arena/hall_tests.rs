//! Where users find a seat.

use super::*;

fn hall(rooms_max: usize) -> Hall {
    let rules = Rules {
        rooms_max,
        bots: 4,
        length: Length::default(),
        records: false,
    };
    Hall::new(rules, 1)
}

fn user(id: u64) -> User {
    User {
        id: UserId(id),
        name: Text::cut("Ada"),
    }
}

/// Joins, and returns the room, or that it is full.
fn join(hall: &mut Hall, id: u64, wish: Option<&str>) -> Result<Option<String>, Error> {
    let wish = wish.map(|name| name.parse().expect("a name"));
    Ok(match hall.join(&user(id), wish, 0)? {
        ArenaJoined::Seated { room, .. } => Some(room.to_string()),
        ArenaJoined::Full { .. } => None,
    })
}

fn name(name: &str) -> ArenaRoom {
    name.parse().expect("a name")
}

#[test]
fn whoever_just_wants_to_play_comes_where_most_people_are() {
    let mut hall = hall(9);
    let any = |hall: &mut Hall, id| join(hall, id, None).expect("a room");
    assert_eq!(any(&mut hall, 1).as_deref(), Some("room-1"));
    assert_eq!(
        join(&mut hall, 2, Some("ours")),
        Ok(Some("ours".to_owned()))
    );
    assert_eq!(
        join(&mut hall, 3, Some("ours")),
        Ok(Some("ours".to_owned()))
    );
    assert_eq!(any(&mut hall, 4).as_deref(), Some("ours"));
    assert_eq!(
        any(&mut hall, 1).as_deref(),
        Some("room-1"),
        "their own seat"
    );
    (5..=33).for_each(|id| assert_eq!(any(&mut hall, id).as_deref(), Some("ours")));
    assert_eq!(
        any(&mut hall, 34).as_deref(),
        Some("room-1"),
        "ours is full"
    );
    assert_eq!(join(&mut hall, 35, Some("ours")), Ok(None));
    let counts: Vec<_> = hall.list().iter().map(|it| (it.players, it.bots)).collect();
    assert_eq!(counts, [(32, 0), (2, 2)]);
}

#[test]
fn a_user_has_one_seat_and_keeps_it_when_another_room_is_full() {
    let mut hall = hall(9);
    join(&mut hall, 1, Some("a")).expect("a seat");
    join(&mut hall, 1, Some("b")).expect("a seat");
    assert_eq!(hall.people(&name("a")), []);
    assert_eq!(hall.people(&name("b")), [UserId(1)]);
    (2..=33).for_each(|id| assert!(join(&mut hall, id, Some("a")).is_ok_and(|it| it.is_some())));
    assert_eq!(join(&mut hall, 1, Some("a")), Ok(None));
    assert_eq!(hall.people(&name("b")), [UserId(1)]);
    assert!(!hall.leave(UserId(1), &name("a")) && hall.leave(UserId(1), &name("b")));
    assert_eq!(
        join(&mut hall, 1, None),
        Ok(Some("b".to_owned())),
        "a is full"
    );
}

#[test]
fn rooms_are_bounded_and_end_when_nobody_would_miss_them() {
    let mut hall = hall(2);
    join(&mut hall, 1, Some("a")).expect("a seat");
    join(&mut hall, 2, Some("b")).expect("a seat");
    let refused = join(&mut hall, 1, Some("c")).expect_err("no third room");
    assert_eq!(
        (refused.code, refused.retry_after_ms),
        (ErrorCode::Unavailable, Some(15_000))
    );
    assert_eq!(hall.people(&name("a")), [UserId(1)], "nothing changed");
    hall.leave(UserId(1), &name("a"));
    hall.look(&name("a"), true, &[]);
    assert_eq!(hall.names().len(), 2, "somebody watches");
    hall.look(&name("a"), false, &[]);
    assert_eq!(hall.names(), [name("b")]);
    assert!(hall.step(&name("a")).is_none());
    let steered = hall.steer(UserId(1), &name("a"), 1, &[Input::default()]);
    assert_eq!(steered.inputs[..], [ArenaTaken::NotSeated]);
    assert_eq!(hall.players(&name("a")), ArenaPlayers::default());
    assert_eq!(join(&mut hall, 1, Some("c")), Ok(Some("c".to_owned())));
}

#[test]
fn an_arena_without_rooms_says_so() {
    let refused = join(&mut hall(0), 1, None).expect_err("there is none");
    assert!(refused.detail.contains("--arena-rooms"), "{refused}");
}
