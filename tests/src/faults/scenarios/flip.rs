//! Damage of a stopped server's files: a flipped bit, a cut, a deletion, a lost tail.

use std::path::Path;

use anyhow::{Context, Result};

use crate::faults::chance::Chance;
use crate::faults::scenarios::damage;
use crate::faults::site::Site;

use super::Tally;

pub(super) async fn unit(binary: &Path, seed: u64, rounds: usize) -> Result<Tally> {
    let mut chance = Chance::new(seed);
    let mut site = Site::with_tables(binary, seed).await?;
    for _ in 0..rounds {
        let before = site.talk.ledger.renewals();
        let what = harm(&mut site, &mut chance)?;
        let reopened = site.open_and_check().await;
        let (running, mut connection) = reopened.with_context(|| format!("after {what:?}"))?;
        // A block has few topics. Which ones a damaged table hits is known from its blocks.
        let changed = site.changed(&before).len();
        if what.contains("keyspaces/3/tables") && what.starts_with("bit") && changed > 6 {
            site.violation(format!("{changed} topics have another epoch after {what}"));
        }
        if !site.talk.ledger.violations().is_empty() {
            site.violation(format!("after {what}"));
            running.kill().await;
            break;
        }
        site.talk.publish(&mut connection, 24).await?;
        match chance.below(2) {
            0 => running.kill().await,
            _ => running.stop().await?,
        }
        site.tally.rounds += 1;
    }
    Ok(site.finish())
}

fn harm(site: &mut Site, chance: &mut Chance) -> Result<String> {
    let files = damage::all(&site.launch)?;
    for _ in 0..20 {
        let done = match chance.below(8) {
            0..4 => damage::flip(&files, chance)?,
            4..6 => damage::cut(&files, chance)?,
            6 => damage::delete(&files, chance)?,
            _ => damage::cut_tail(&site.launch, chance)?,
        };
        if let Some(done) = done {
            return Ok(done);
        }
    }
    anyhow::bail!("no file to damage in {files:?}")
}
