//! Who plays, those with the highest score first.

use trunkline_arena::Snapshot;
use trunkline_protocol::User;
use trunkline_protocol::topics::arena::ArenaPlayers;

/// A line of the board of scores.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// The seat.
    pub seat: u8,
    /// Who sits there, as far as it is known; nobody if it is a bot.
    pub user: Option<User>,
    /// Whether it is known who sits there.
    pub known: bool,
    /// How many they have put out in this match.
    pub score: u16,
    /// Whether they are out right now.
    pub is_out: bool,
}

/// Everybody on the field. Equal scores stand in the order of seats.
pub fn rows(snapshot: &Snapshot, players: &ArenaPlayers) -> Vec<Row> {
    let seated = snapshot.players.iter().enumerate();
    let mut rows: Vec<_> = seated
        .filter_map(|(seat, player)| {
            let (seat, player) = (seat as u8, player.as_ref()?);
            let named = players.players.iter().find(|it| it.seat == seat);
            Some(Row {
                seat,
                user: named.and_then(|it| it.user.clone()),
                known: named.is_some(),
                score: player.score,
                is_out: !player.is_in(),
            })
        })
        .collect();
    rows.sort_by_key(|row| std::cmp::Reverse(row.score));
    rows
}
