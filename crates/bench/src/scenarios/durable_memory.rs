//! `durable-memory`: what many topics cost in memory and on the disk, before and after a restart.

use std::time::Duration;

use anyhow::{Result, ensure};
use serde_json::json;

use crate::peer::Peer;
use crate::report::Report;
use crate::server::{Launcher, Server};
use crate::speaker::{Rooms, Until, connect_all, speak_all};
use crate::table::Table;

/// How many connections fill the topics.
const SPEAKERS: u32 = 50;

/// How many messages each topic has.
const MESSAGES: u32 = 100;

/// How long a server may settle before it is looked at.
const SETTLING: Duration = Duration::from_secs(1);

/// Rows of the report.
struct Looks {
    table: Table,
}

pub(super) async fn run(launcher: Launcher, quick: bool, report: &mut Report) -> Result<()> {
    let rooms = if quick { 10 } else { 200 };
    let said = rooms as u32 * MESSAGES;
    let mut looks = Looks {
        table: Table::new(&["when", "resident MiB", "data folder MiB"]),
    };
    let server = launcher.start("disk").await?;
    looks.look("empty", &server, report).await?;
    let ticket = server.sign_in().await?;
    let of = |speaker| Rooms::new(speaker, rooms, MESSAGES);
    let speakers = connect_all(&ticket, SPEAKERS, of).await?;
    let speakers = speak_all(speakers, Until::Said(said)).await?;
    drop(speakers);
    looks.look("filled", &server, report).await?;
    let filled = server.stop().await?;
    let commits = filled.tally.commits;

    let server = filled.restart().await?;
    looks.look("restarted", &server, report).await?;
    let mut reader = Peer::connect(&server.sign_in().await?, Vec::new()).await?;
    let mut found = of(0).check(&mut reader, 0, said).await?;
    looks.look("one topic read", &server, report).await?;
    for speaker in 0..SPEAKERS {
        let rooms = of(speaker);
        for room in 0..rooms.topics().len() {
            found += rooms.check(&mut reader, room, said).await?;
        }
    }
    looks.look("all topics read", &server, report).await?;
    // The first topic was read twice.
    let all = u64::from(SPEAKERS * said);
    let found = found - u64::from(MESSAGES);
    ensure!(found == all, "{found} of {all} messages are there");
    drop(reader);
    let tally = server.stop().await?.tally;
    let topics = SPEAKERS as usize * rooms;
    report.figure("topics", json!(topics));
    report.figure("messages per topic", json!(MESSAGES));
    report.figure("commits", json!(commits));
    report.figure("fetches after the restart", json!(tally.fetches));
    report.table(
        format!("{topics} topics of {MESSAGES} messages, events of 200 bytes:"),
        looks.table,
    );
    Ok(())
}

impl Looks {
    async fn look(&mut self, when: &str, server: &Server, report: &mut Report) -> Result<()> {
        tokio::time::sleep(SETTLING).await;
        let (resident, data) = (server.resident()?, server.data_len()?);
        let mib = |len: u64| format!("{:.1}", len as f64 / 1024.0 / 1024.0);
        self.table.row([when.to_owned(), mib(resident), mib(data)]);
        report.figure(
            when,
            json!({ "resident_bytes": resident, "data_folder_bytes": data }),
        );
        Ok(())
    }
}
