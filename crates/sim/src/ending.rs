//! The ending: what must hold when nothing has broken for a while and all is quiet.

use std::collections::BTreeMap;

use trunkline_protocol::{Position, UserId};

use crate::checker::{Verdict, Violation, ensure};
use crate::client::Client;
use crate::world::World;

pub(crate) fn turns_in_a_circle() -> Verdict {
    Err(Violation::new(
        "no work without a cause",
        "more happened than can have a cause",
    ))
}

/// Everybody is live.
pub(crate) fn check_live(world: &World) -> Verdict {
    world.clients.iter().try_for_each(|client| {
        ensure("everybody is live in time", client.is_live(), || {
            format!("client {} is {:?}", client.index, client.session.status())
        })
    })
}

/// All is quiet: everybody has everything, and nobody waits.
pub(crate) fn check(world: &World) -> Verdict {
    check_live(world)?;
    let heads = world.server.heads();
    for client in &world.clients {
        let view = &world.setting.checker.views[client.index];
        view.promises.check_kept()?;
        view.wire.check_answered()?;
        ensure(
            "no command is left behind",
            client.session.commands_waiting() == 0,
            || {
                format!(
                    "client {} still has {}",
                    client.index,
                    client.session.commands_waiting()
                )
            },
        )?;
        for (number, reader) in &view.readers {
            reader.check_converged(heads[reader.topic], &world.setting.checker.ledger)?;
            let agrees = client
                .session
                .position(*number)
                .is_some_and(|it| has(reader.last, it));
            ensure("a client knows where it stands", agrees, || {
                format!(
                    "client {}: {:?}, not {:?}",
                    client.index,
                    client.session.position(*number),
                    reader.last
                )
            })?;
        }
        if world.setting.plan.is_calm() {
            ensure("no work without a cause", view.dials == 1, || {
                format!("client {} dialed {} times", client.index, view.dials)
            })?;
        }
    }
    check_presence(world)
}

/// A client may stand further than the last publication, since gaps are said up to there.
fn has(reader: Option<Position>, client: Position) -> bool {
    reader.is_some_and(|reader| reader.epoch == client.epoch && reader.offset <= client.offset)
}

/// Everybody who watches sees exactly who is there.
fn check_presence(world: &World) -> Verdict {
    for topic in 0..world.setting.plan.topics.len() {
        let mut present: BTreeMap<UserId, u32> = BTreeMap::new();
        let there = |client: &&Client| client.subscriptions.contains_key(&topic);
        for client in world.clients.iter().filter(there) {
            *present.entry(UserId(client.user)).or_default() += 1;
        }
        for client in world.clients.iter().filter(there) {
            let number = client.subscriptions[&topic];
            let reader = &world.setting.checker.views[client.index].readers[&number];
            if !reader.watch.presence {
                continue;
            }
            let converged = reader.members == present && reader.count as usize == present.len();
            ensure("presence converges", converged, || {
                format!(
                    "client {} sees {} {:?} in topic {topic}, where {present:?} are",
                    client.index, reader.count, reader.members
                )
            })?;
        }
    }
    Ok(())
}
