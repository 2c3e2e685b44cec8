//! Samples of what is said and told in the arena.

use super::*;
use crate::topics::arena::{
    Arena, ArenaAsked, ArenaEvent, ArenaInput, ArenaJoined, ArenaLeft, ArenaNamed, ArenaPlayer,
    ArenaPlayers, ArenaRoomInfo, ArenaRooms, ArenaSteer, ArenaSteered, ArenaTaken, ArenaWish,
    JoinArena, LeaveArena, ListArenaPlayers, ListArenas, SteerArena,
};

/// The contracts as they travel.
pub(in super::super) fn contracts() -> [(&'static str, u32); 6] {
    [
        ("arena", Arena::contract().0),
        (JoinArena::METHOD, JoinArena::contract().0),
        (SteerArena::METHOD, SteerArena::contract().0),
        (LeaveArena::METHOD, LeaveArena::contract().0),
        (ListArenaPlayers::METHOD, ListArenaPlayers::contract().0),
        (ListArenas::METHOD, ListArenas::contract().0),
    ]
}

pub(in super::super) fn events() -> Vec<Sample<ArenaEvent>> {
    let keyframe = ArenaEvent::Keyframe {
        bytes: list(vec![44, 1, 0, 0, 1, 255]),
    };
    let delta = ArenaEvent::Delta {
        bytes: list(vec![5, 9]),
    };
    vec![
        sample("arena.event.keyframe", keyframe),
        sample("arena.event.delta", delta),
    ]
}

pub(in super::super) fn wishes() -> Vec<Sample<ArenaWish>> {
    let room = Some(text("room-1"));
    vec![
        sample("arena.join.request", ArenaWish { room }),
        sample("arena.join.request.any", ArenaWish::default()),
    ]
}

pub(in super::super) fn joined() -> Vec<Sample<ArenaJoined>> {
    let seated = ArenaJoined::Seated {
        room: text("room-1"),
        seat: 3,
        tick: 1_800,
        ticks_per_second: 30,
        kept_ms: 15_000,
    };
    vec![
        sample("arena.join.response", seated),
        sample("arena.join.response.full", ArenaJoined::Full { seats: 32 }),
    ]
}

pub(in super::super) fn steer() -> Vec<Sample<ArenaSteer>> {
    let fire = ArenaInput {
        does: 16 + 8 + 1,
        aim: 192,
        view_back: 6,
    };
    let steer = ArenaSteer {
        room: text("room-1"),
        tick: 1_804,
        inputs: list(vec![fire, ArenaInput::default()]),
    };
    vec![sample("arena.steer.request", steer)]
}

pub(in super::super) fn steered() -> Vec<Sample<ArenaSteered>> {
    use ArenaTaken::{NotSeated, Taken, TooEarly, TooLate, Twice};
    let steered = |tick, inputs| ArenaSteered {
        tick,
        inputs: list(inputs),
    };
    let refused = steered(1_805, vec![TooLate, TooEarly, Twice]);
    vec![
        sample("arena.steer.response", steered(1_802, vec![Taken, Taken])),
        sample("arena.steer.response.refused", refused),
        sample("arena.steer.response.none", steered(0, vec![NotSeated])),
    ]
}

pub(in super::super) fn named(name: &'static str) -> Vec<Sample<ArenaNamed>> {
    let room = text("room-1");
    vec![sample(name, ArenaNamed { room })]
}

pub(in super::super) fn left() -> Vec<Sample<ArenaLeft>> {
    vec![sample("arena.leave.response", ArenaLeft { left: true })]
}

pub(in super::super) fn players() -> Vec<Sample<ArenaPlayers>> {
    let player = |seat, user, score| ArenaPlayer { seat, user, score };
    let both = vec![player(0, Some(mina()), 4), player(3, None, 0)];
    let players = ArenaPlayers {
        roster: 5,
        players: list(both),
    };
    vec![
        sample("arena.players.response", players),
        sample("arena.players.response.none", ArenaPlayers::default()),
    ]
}

pub(in super::super) fn asked() -> Vec<Sample<ArenaAsked>> {
    vec![sample("arena.list.request", ArenaAsked {})]
}

pub(in super::super) fn rooms() -> Vec<Sample<ArenaRooms>> {
    let room = ArenaRoomInfo {
        room: text("room-1"),
        players: 2,
        bots: 2,
        spectators: 1,
        left_ms: 94_000,
    };
    let rooms = ArenaRooms {
        rooms: list(vec![room]),
    };
    vec![
        sample("arena.list.response", rooms),
        sample("arena.list.response.none", ArenaRooms::default()),
    ]
}
