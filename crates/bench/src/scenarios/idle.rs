//! `idle`: the memory of connections that mostly wait, each with a session and a subscription.

use std::time::Duration;

use anyhow::Result;
use serde_json::json;

use crate::contender::{Entry, OURS};
use crate::contest::{Plan, pin_load};
use crate::kernel;
use crate::load::{Crowd, Pace, Seat};
use crate::peer_server::PeerServer;
use crate::report::{Report, Verdict};
use crate::server::Launcher;
use crate::spread::Spread;
use crate::table::Table;

const CONNECTIONS: usize = 10_000;

const READERS_OF_A_ROOM: usize = 100;

const KIB_MAX: f64 = 3.0;

/// How long a server has to give back what it needs no longer.
const REST: Duration = Duration::from_secs(2);

const PEERS: [PeerServer; 6] = [
    PeerServer::Bun,
    PeerServer::Raw,
    PeerServer::Axum,
    PeerServer::Ws,
    PeerServer::SocketIo,
    PeerServer::Socketioxide,
];

/// Resident memory, in bytes.
struct Memory {
    empty: u64,
    connected: u64,
    /// After each has had some messages.
    used: u64,
}

pub(super) async fn run(launcher: Launcher, quick: bool, report: &mut Report) -> Result<()> {
    let count = if quick { CONNECTIONS / 5 } else { CONNECTIONS };
    let _pinned = pin_load()?;
    kernel::raise_files_max()?;
    let (mut table, mut found, mut left_out) = (
        Table::new(&[
            "contender",
            "empty MiB",
            "connected MiB",
            "KiB per connection",
            "after messages MiB",
            "KiB per connection",
        ]),
        Vec::new(),
        Vec::new(),
    );
    for entry in Entry::all(&launcher, &PEERS) {
        let name = entry.name().to_owned();
        let memory = match measure(&launcher, &entry, count).await {
            Ok(memory) => memory,
            Err(error) if name.starts_with(OURS) => return Err(error),
            Err(error) => {
                left_out.push(format!("{name} ({error:#})"));
                continue;
            }
        };
        let mib = |bytes: u64| format!("{:.1}", bytes as f64 / 1024.0 / 1024.0);
        let kib = |bytes: u64| bytes.saturating_sub(memory.empty) as f64 / 1024.0 / count as f64;
        table.row([
            name.clone(),
            mib(memory.empty),
            mib(memory.connected),
            format!("{:.2}", kib(memory.connected)),
            mib(memory.used),
            format!("{:.2}", kib(memory.used)),
        ]);
        report.figure(
            name.clone(),
            json!({
                "empty": memory.empty,
                "connected": memory.connected,
                "after_messages": memory.used,
            }),
        );
        found.push((name, kib(memory.used)));
    }
    report.table(format!("{count} connections, resident memory:"), table);
    report.verdicts("Memory of a connection after messages:", verdicts(&found));
    if !left_out.is_empty() {
        report.note(format!("Left out: {}.", left_out.join("; ")));
    }
    Ok(())
}

async fn measure(launcher: &Launcher, entry: &Entry, count: usize) -> Result<Memory> {
    let contender = entry
        .start(launcher, Plan::new(false).server_core())
        .await?;
    let seat = |at| Seat::Reader((at / READERS_OF_A_ROOM) as u32);
    let empty = contender.resident()?;
    let mut crowd = Crowd::gather(contender.target.clone(), (0..count).map(seat).collect())?;
    std::thread::sleep(REST);
    let connected = contender.resident()?;
    // About four messages for each room.
    let rooms = count / READERS_OF_A_ROOM;
    let pace = Pace::PerSecond(2 * rooms as u32);
    let burst = crowd.burst(pace, Duration::from_secs(2))?;
    burst.faults.check()?;
    std::thread::sleep(REST);
    crowd.tend()?;
    let used = contender.resident()?;
    crowd.end()?;
    Ok(Memory {
        empty,
        connected,
        used,
    })
}

fn verdicts(found: &[(String, f64)]) -> Vec<Verdict> {
    let Some(((ours, kib), others)) = found.split_first() else {
        return Vec::new();
    };
    let verdict = |label, found, at_most, is_ratio| Verdict {
        label,
        found: Spread::of([found]),
        at_most,
        is_ratio,
    };
    let alone = format!("{ours}, KiB of a connection");
    let mut verdicts = vec![verdict(alone, *kib, Some(KIB_MAX), false)];
    for (other, theirs) in others {
        let at_most = (other == "bun").then_some(1.0);
        let label = format!("memory of a connection: {ours} / {other}");
        verdicts.push(verdict(label, kib / theirs, at_most, true));
    }
    verdicts
}
