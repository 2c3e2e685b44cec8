//! Crash points: a process is killed, and the next one has everything that was acknowledged.
//!
//! A crash alone changes no epoch. Each fifth folder is damaged before some of its starts, so that
//! repairs are interrupted, too.

use std::path::Path;
use std::time::Duration;

use anyhow::Result;

use crate::faults::chance::Chance;
use crate::faults::process::{Running, Wrapper};
use crate::faults::scenarios::damage;
use crate::faults::site::{Shape, Site, last_lines};

use super::Tally;

/// Calls that change a disk while the store is opened or repaired.
const STEPS: &str =
    "fsync,fdatasync,rename,renameat,renameat2,ftruncate,unlink,unlinkat,mkdir,mkdirat";

/// Messages of one life, so that no room has more than it keeps.
const MESSAGES_MAX: usize = 120;

pub(super) async fn unit(binary: &Path, seed: u64, points: usize) -> Result<Tally> {
    let mut chance = Chance::new(seed);
    let shape = Shape {
        rooms: 5,
        padding: 60,
    };
    let mut site = Site::new(binary, shape, seed)?;
    let is_damaged = chance.below(5) == 0;
    for number in 0..points {
        let before = site.talk.ledger.renewals();
        let wrapper = any_point(&mut chance, is_damaged);
        if is_damaged && number % 3 == 2 {
            damage::flip(&damage::tables(&site.launch)?, &mut chance)?;
        }
        match site.launch.start(&wrapper).await? {
            Ok(running) => live(&mut site, running, &mut chance).await?,
            Err(ended) if ended.was_killed => {}
            Err(ended) => {
                let lines = last_lines(&ended.log);
                site.violation(format!("a start after a crash was refused: {lines}"));
            }
        }
        if !is_damaged {
            site.expect_same_epochs(&before, "after a crash");
        }
        site.tally.rounds += 1;
    }
    let before = site.talk.ledger.renewals();
    let (running, _) = site.open_and_check().await?;
    if !is_damaged {
        site.expect_same_epochs(&before, "after the last crash");
    }
    running.stop().await?;
    Ok(site.finish())
}

/// Returns what kills the process. Without an injection, or if it is not reached, a random moment.
fn any_point(chance: &mut Chance, is_damaged: bool) -> Wrapper {
    let kill = |calls: &str, at: u64| Wrapper::inject(format!("{calls}:signal=KILL:when={at}"));
    let kind = if is_damaged { 3 } else { chance.below(4) };
    match kind {
        0 => Wrapper::None,
        1 => kill("fdatasync", 1 + chance.below(30)),
        2 => kill("write,pwrite64,writev", 1 + chance.below(200)),
        _ => kill(STEPS, 1 + chance.below(30)),
    }
}

/// Reads and publishes until the process dies, or kills it after a random time.
async fn live(site: &mut Site, mut running: Running, chance: &mut Chance) -> Result<()> {
    let time = Duration::from_millis(chance.below(400));
    let checking = async {
        let mut connection = site.talk.connect(running.address).await?;
        site.talk.check(&mut connection).await?;
        site.talk.repeat_newest();
        anyhow::Ok(connection)
    };
    let result = match checking.await {
        Ok(mut connection) => {
            let publishing = async {
                let mut count = 0;
                while count < MESSAGES_MAX {
                    let size = 1 + chance.below(8) as usize;
                    site.talk.publish(&mut connection, size).await?;
                    count += size;
                }
                anyhow::Ok(())
            };
            // A publish that is cut off here is sent again by the next life.
            let publishing = tokio::time::timeout(time, publishing).await;
            publishing.unwrap_or(Ok(()))
        }
        Err(error) => Err(error),
    };
    if let Err(error) = result
        && !running.ends().await
    {
        site.violation(format!("a server that lives: {error:#}"));
    }
    running.kill().await;
    Ok(())
}
