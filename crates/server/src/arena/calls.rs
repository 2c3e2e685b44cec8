//! The topic and the calls of the arena.

use std::collections::HashMap;
use std::sync::Arc;

use trunkline_arena::{Angle, Input, VIEW_BACK_MAX};
use trunkline_protocol::topics::arena::{
    Arena as ArenaTopic, ArenaAsked, ArenaEvent, ArenaInput, ArenaJoined, ArenaLeft, ArenaNamed,
    ArenaPlayers, ArenaRoom, ArenaRooms, ArenaSteer, ArenaSteered, ArenaWish, JoinArena,
    LeaveArena, ListArenaPlayers, ListArenas, SteerArena,
};
use trunkline_protocol::{Error, ErrorCode, List, Never, User};

use super::Arena;
use crate::topics::{Access, CallContext, CallHandler, Context, Handler, Registry};

/// Adds them to a server's.
pub(super) fn join(arena: &Arc<Arena>, registry: Registry) -> Registry {
    registry
        .with(ArenaHandler)
        .with_call(JoinHandler(Arc::clone(arena)))
        .with_call(SteerHandler(Arc::clone(arena)))
        .with_call(LeaveHandler(Arc::clone(arena)))
        .with_call(PlayersHandler(Arc::clone(arena)))
        .with_call(ListHandler(Arc::clone(arena)))
}

/// Everybody may watch every room. A room that there is not has no events.
struct ArenaHandler;

impl Handler for ArenaHandler {
    type Topic = ArenaTopic;

    fn authorize(&self, _: &User, _: &ArenaRoom) -> Result<Access, Error> {
        Ok(Access::READ)
    }

    async fn on_command(
        &self,
        _: &Context<'_, ArenaTopic>,
        _: &ArenaRoom,
        command: Never,
    ) -> Result<ArenaEvent, Error> {
        match command {}
    }
}

/// Gives seats.
struct JoinHandler(Arc<Arena>);

impl CallHandler for JoinHandler {
    type Call = JoinArena;

    async fn on_call(
        &self,
        context: &CallContext<'_>,
        ArenaWish { room }: ArenaWish,
    ) -> Result<ArenaJoined, Error> {
        let wish = room.map(|room| parsed(&room)).transpose()?;
        let start = self.0.tick();
        let joined = self.0.with(|hall| hall.join(context.user, wish, start))?;
        self.0.bell.notify_one();
        Ok(joined)
    }
}

/// Takes inputs.
struct SteerHandler(Arc<Arena>);

impl CallHandler for SteerHandler {
    type Call = SteerArena;

    async fn on_call(
        &self,
        context: &CallContext<'_>,
        ArenaSteer { room, tick, inputs }: ArenaSteer,
    ) -> Result<ArenaSteered, Error> {
        let room = parsed(&room)?;
        let inputs: Vec<Input> = inputs.iter().map(checked).collect::<Result<_, _>>()?;
        let user = context.user.id;
        Ok(self.0.with(|hall| hall.steer(user, &room, tick, &inputs)))
    }
}

/// Takes seats back.
struct LeaveHandler(Arc<Arena>);

impl CallHandler for LeaveHandler {
    type Call = LeaveArena;

    async fn on_call(
        &self,
        context: &CallContext<'_>,
        ArenaNamed { room }: ArenaNamed,
    ) -> Result<ArenaLeft, Error> {
        let room = parsed(&room)?;
        let left = self.0.with(|hall| hall.leave(context.user.id, &room));
        Ok(ArenaLeft { left })
    }
}

/// Tells who sits where.
struct PlayersHandler(Arc<Arena>);

impl CallHandler for PlayersHandler {
    type Call = ListArenaPlayers;

    async fn on_call(
        &self,
        _: &CallContext<'_>,
        ArenaNamed { room }: ArenaNamed,
    ) -> Result<ArenaPlayers, Error> {
        let room = parsed(&room)?;
        Ok(self.0.with(|hall| hall.players(&room)))
    }
}

/// Lists rooms.
struct ListHandler(Arc<Arena>);

impl CallHandler for ListHandler {
    type Call = ListArenas;

    async fn on_call(
        &self,
        context: &CallContext<'_>,
        ArenaAsked {}: ArenaAsked,
    ) -> Result<ArenaRooms, Error> {
        let mut rooms = self.0.with(|hall| hall.list());
        if !rooms.is_empty() {
            let in_use = context.topics_in_use::<ArenaTopic>().into_iter();
            let readers: HashMap<String, u32> = in_use
                .map(|(room, people, _)| (room.as_str().to_owned(), people))
                .collect();
            for room in &mut rooms {
                let readers = readers.get(room.room.as_str()).copied().unwrap_or(0);
                room.spectators = readers.saturating_sub(room.players.into());
            }
        }
        Ok(ArenaRooms {
            rooms: List::cut(rooms),
        })
    }
}

fn parsed(room: &str) -> Result<ArenaRoom, Error> {
    let room = room.parse();
    room.map_err(|error| Error::new(ErrorCode::InvalidKey, error))
}

/// An input as the rules take it. Whatever it says then, anybody may do.
fn checked(input: &ArenaInput) -> Result<Input, Error> {
    let ArenaInput {
        does,
        aim,
        view_back,
    } = *input;
    Input::of(does, Angle(aim), view_back).ok_or_else(|| {
        let detail = format!(
            "an input does {does} and looks back {view_back} ticks, expected up to 31 and \
             {VIEW_BACK_MAX}"
        );
        Error::new(ErrorCode::Invalid, detail)
    })
}

#[cfg(test)]
mod tests {
    use trunkline_protocol::topics::arena::{ARENA_RUN_MAX, ARENA_SEATS, ARENA_SNAPSHOT_LEN_MAX};

    use super::*;

    #[test]
    fn an_input_is_one_of_the_rules_or_none() {
        let check = |does, view_back, expected: Option<u32>| {
            let input = ArenaInput {
                does,
                aim: 3,
                view_back,
            };
            let bits = checked(&input).ok().map(Input::to_bits);
            assert_eq!(bits, expected, "{input:?}");
        };
        check(0, 0, Some(3 << 9));
        check(31, 12, Some(31 | 12 << 5 | 3 << 9));
        check(32, 0, None);
        check(255, 0, None);
        check(0, 13, None);
        check(0, 255, None);
    }

    #[test]
    fn words_and_rules_have_the_same_bounds() {
        assert_eq!(ARENA_SEATS, trunkline_arena::SEATS);
        assert_eq!(ARENA_SNAPSHOT_LEN_MAX, trunkline_arena::SNAPSHOT_LEN_MAX);
        const { assert!(trunkline_arena::KEYFRAME_EVERY < ARENA_RUN_MAX) };
    }
}
