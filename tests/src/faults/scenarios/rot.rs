//! A bit of a table flips below a server that runs; publishing goes on until compaction meets it.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

use crate::faults::chance::Chance;
use crate::faults::scenarios::damage;
use crate::faults::site::Site;

use super::Tally;

/// The most requests that may be refused before the store is repaired.
const REFUSED_MAX: usize = 400;

/// Lives after the damage: each adds a table, and four tables are compacted into one.
const LIVES: usize = 4;

pub(super) async fn unit(binary: &Path, seed: u64) -> Result<Tally> {
    let mut chance = Chance::new(seed);
    let mut site = Site::with_tables(binary, seed).await?;
    let (mut running, mut connection) = site.open().await?;
    let before = site.talk.ledger.renewals();
    let what = damage::flip(&damage::tables(&site.launch)?, &mut chance)?;
    let what = what.context("a table with bytes")?;
    let mut set_aside = 0;
    for _ in 0..LIVES {
        let until = Instant::now() + Duration::from_millis(500);
        while Instant::now() < until {
            site.talk.publish(&mut connection, 12).await?;
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        site.talk.publish_until_taken(&mut connection, 12).await?;
        site.talk.check(&mut connection).await?;
        let ready = site.ready(&running).await?;
        // Repairs at a start are over before the server listens.
        if set_aside == 0 && !site.set_aside()?.is_empty() {
            site.tally.damage_met = 1;
            if !ready.contains("works again") || !ready.contains("damaged files are in") {
                site.violation(format!("/readyz does not tell of the damage: {ready}"));
            }
        }
        running.kill().await;
        (running, connection) = site.open().await.with_context(|| format!("after {what}"))?;
        set_aside = site.set_aside()?.len();
    }
    site.talk.check(&mut connection).await?;
    site.talk.publish_until_taken(&mut connection, 12).await?;
    site.talk.check(&mut connection).await?;
    running.stop().await?;
    let changed = site.changed(&before).len();
    if what.contains("keyspaces/3/tables") && changed > 6 {
        site.violation(format!("{changed} topics have another epoch after {what}"));
    }
    if site.talk.refused > REFUSED_MAX {
        let refused = site.talk.refused;
        site.violation(format!("{refused} requests were refused after {what}"));
    }
    if !site.talk.ledger.violations().is_empty() {
        site.violation(format!("after {what}"));
    }
    site.tally.rounds = 1;
    Ok(site.finish())
}
