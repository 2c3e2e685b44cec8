//! `trunkline-bots`: lets bots play in the arena of a server, and tells how it was for them.

use std::time::Duration;

use anyhow::{Result, ensure};
use clap::Parser;
use futures_util::future::join_all;
use trunkline_arena::SCALE;
use trunkline_bots::{Orders, Player, Tally, percentile};
use trunkline_protocol::topics::arena::ArenaRoom;

/// Bots that play in the arena.
#[derive(Parser)]
#[command(name = "cargo xtask bots", about)]
struct Cli {
    /// How many
    #[arg(default_value_t = 30)]
    bots: u64,
    /// The server
    #[arg(long, default_value = "http://127.0.0.1:8787")]
    url: String,
    /// All in this room; without it, wherever there is a seat
    #[arg(long)]
    room: Option<ArenaRoom>,
    /// For how long, in seconds
    #[arg(long, default_value_t = 60)]
    secs: u64,
    /// What they do is of this seed
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

#[tokio::main]
async fn main() -> Result<()> {
    let cli = Cli::parse();
    let mut players = Vec::new();
    for number in 1..=cli.bots {
        let orders = Orders {
            base: cli.url.trim_end_matches('/').to_owned(),
            room: cli.room.clone(),
            name: format!("Bot {number}"),
            seed: cli.seed.wrapping_mul(1_000).wrapping_add(number),
        };
        players.push(Player::sit(orders).await?);
    }
    for player in players.iter().take(1) {
        println!(
            "{} bots sit, the first in {}/arena/{}",
            cli.bots,
            cli.url,
            player.room()
        );
    }
    let length = Duration::from_secs(cli.secs);
    let plays = join_all(
        players
            .into_iter()
            .map(|player| tokio::spawn(player.play(length))),
    );
    let results = tokio::select! {
        results = plays => results,
        // Whoever stops it needs no figures.
        _ = tokio::signal::ctrl_c() => return Ok(()),
    };
    let (mut all, mut failed) = (Tally::default(), 0_u64);
    for result in results {
        match result? {
            Ok(tally) => all.add(tally),
            Err(error) => {
                eprintln!("a bot plays no longer: {error:#}");
                failed += 1;
            }
        }
    }
    tell(&mut all, cli.bots - failed, cli.secs);
    ensure!(
        failed == 0 && all.desyncs == 0,
        "{failed} bots failed, {} snapshots were wrong",
        all.desyncs
    );
    Ok(())
}

fn tell(all: &mut Tally, bots: u64, secs: u64) {
    let each = |count: u64| count as f64 / (bots * secs).max(1) as f64;
    let ms = |us: u64| us as f64 / 1000.0;
    println!(
        "each in a second: {:.1} snapshots, {:.1} inputs, {:.0} bytes down, {:.0} bytes up",
        each(all.snapshots),
        each(all.inputs),
        each(all.bytes_down),
        each(all.bytes_up)
    );
    println!(
        "inputs too late {}, snapshots skipped {}, lines lost {}, snapshots wrong {}",
        all.late, all.skipped, all.lost, all.desyncs
    );
    println!(
        "round trip p50 {:.1} ms, p99 {:.1} ms; between snapshots p50 {:.1} ms, p99 {:.1} ms",
        ms(percentile(&mut all.trips_us, 50)),
        ms(percentile(&mut all.trips_us, 99)),
        ms(percentile(&mut all.gaps_us, 50)),
        ms(percentile(&mut all.gaps_us, 99))
    );
    let units = |error: i32| f64::from(error) / f64::from(SCALE);
    println!(
        "predictions that were not exact {:.1} %; off by p99 {:.1} of the field's 1280 units",
        f64::from(all.corrections) * 100.0 / all.snapshots.max(1) as f64,
        units(percentile(&mut all.errors, 99))
    );
}
