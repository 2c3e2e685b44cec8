//! `arena`: ten rooms of 32 bots that play over sockets of their own.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use futures_util::future::join_all;
use serde_json::json;
use trunkline_bots::{Orders, Player, Tally, percentile};

use crate::contest::{Plan, pin_load};
use crate::cpu::CpuClock;
use crate::kernel;
use crate::report::{Report, Verdict};
use crate::server::Launcher;
use crate::spread::Spread;
use crate::table::Table;

const ROOMS: usize = 10;

const SEATS: usize = 32;

/// The most that a player may take and send, in bytes of frames a second.
const DOWN_MAX: f64 = 8_000.0;
const UP_MAX: f64 = 2_000.0;

/// How long they play before it counts: predictions have found their lead by then.
const WARM_UP: Duration = Duration::from_secs(2);

/// What one stretch of playing cost.
struct Sample {
    cpu: Duration,
    tally: Tally,
}

pub(super) async fn run(launcher: Launcher, quick: bool, report: &mut Report) -> Result<()> {
    let (rooms, secs, rounds) = if quick { (3, 4, 2) } else { (ROOMS, 10, 3) };
    kernel::raise_files_max()?;
    let options: Vec<String> = ["--arena-bots", "0", "--arena-match-seconds", "500"]
        .map(str::to_owned)
        .to_vec();
    // A process begins on the cores of the thread that starts it.
    let core = Plan::new(quick).server_core();
    let pinned = core.map(kernel::pin).transpose()?;
    let server = launcher.start_with("memory", &options).await?;
    drop(pinned);
    let _pinned = pin_load()?;
    let mut samples = Vec::new();
    for round in 0..rounds {
        samples.push(play(&server, round, rooms, Duration::from_secs(secs)).await?);
    }
    server.stop().await?;
    tell(report, &mut samples, rooms * SEATS, secs as f64);
    Ok(())
}

async fn play(
    server: &crate::server::Server,
    round: usize,
    rooms: usize,
    length: Duration,
) -> Result<Sample> {
    let base = format!("http://{}", server.address());
    let mut players = Vec::new();
    for room in 0..rooms {
        for seat in 0..SEATS {
            let number = room * SEATS + seat;
            let orders = Orders {
                base: base.clone(),
                room: Some(format!("bench-{round}-{room}").parse().context("a room")?),
                name: format!("Bot {number}"),
                seed: number as u64,
            };
            players.push(Player::sit(orders).await?);
        }
    }
    let mut clock = CpuClock::new(server.id());
    let plays = join_all(
        players
            .into_iter()
            .map(|player| tokio::spawn(player.play(WARM_UP + length))),
    );
    let measure = async {
        tokio::time::sleep(WARM_UP).await;
        let before = clock.read()?;
        tokio::time::sleep(length).await;
        Ok::<_, anyhow::Error>(clock.read()? - before)
    };
    let (results, cpu) = tokio::join!(plays, measure);
    let mut all = Tally::default();
    for result in results {
        all.add(result??);
    }
    ensure!(all.desyncs == 0, "{} snapshots were wrong", all.desyncs);
    Ok(Sample {
        cpu: cpu?,
        tally: all,
    })
}

fn tell(report: &mut Report, samples: &mut [Sample], players: usize, secs: f64) {
    let played = secs + WARM_UP.as_secs_f64();
    let spread = |of: &dyn Fn(&Sample) -> f64| Spread::of(samples.iter().map(of));
    let each = |count: u64| count as f64 / players as f64 / played;
    let cpu = spread(&|it| it.cpu.as_secs_f64() * 1e6 / players as f64 / secs);
    let core = spread(&|it| it.cpu.as_secs_f64() * 100.0 / secs);
    let down = spread(&|it| each(it.tally.bytes_down));
    let up = spread(&|it| each(it.tally.bytes_up));
    let snapshots = spread(&|it| each(it.tally.snapshots));
    let late = spread(&|it| it.tally.late as f64 * 100.0 / it.tally.inputs.max(1) as f64);
    let skipped: u64 = samples.iter().map(|it| it.tally.skipped).sum();
    let mut gaps: Vec<u64> = samples
        .iter_mut()
        .flat_map(|it| std::mem::take(&mut it.tally.gaps_us))
        .collect();
    let mut trips: Vec<u64> = samples
        .iter_mut()
        .flat_map(|it| std::mem::take(&mut it.tally.trips_us))
        .collect();
    let ms = |us: u64| us as f64 / 1000.0;
    let mut table = Table::new(&["of a player and second", "median"]);
    let mut row = |what: &str, value: String| table.row(vec![what.to_owned(), value]);
    row("server's CPU, us", format!("{:.0}", cpu.median));
    row("bytes down", format!("{:.0}", down.median));
    row("bytes up", format!("{:.0}", up.median));
    row("snapshots", format!("{:.1}", snapshots.median));
    row("inputs too late, %", format!("{:.2}", late.median));
    row("snapshots skipped, in all", skipped.to_string());
    row(
        "between snapshots p50, p99 ms",
        format!(
            "{:.1}, {:.1}",
            ms(percentile(&mut gaps, 50)),
            ms(percentile(&mut gaps, 99))
        ),
    );
    row(
        "round trip of an input p50, p99 ms",
        format!(
            "{:.1}, {:.1}",
            ms(percentile(&mut trips, 50)),
            ms(percentile(&mut trips, 99))
        ),
    );
    row("CPU of a core for all, %", format!("{:.1}", core.median));
    report.figure(
        "arena".to_owned(),
        json!({
            "players": players,
            "cpu_us": cpu.median,
            "bytes_down": down.median,
            "bytes_up": up.median,
            "late_percent": late.median,
        }),
    );
    report.table(
        format!("{} rooms of {SEATS} players, {secs} s", players / SEATS),
        table,
    );
    let verdict = |label: &str, found, at_most| Verdict {
        label: format!("{label} of a player and second"),
        found,
        at_most: Some(at_most),
        is_ratio: false,
    };
    let verdicts = vec![
        verdict("bytes down", down, DOWN_MAX),
        verdict("bytes up", up, UP_MAX),
    ];
    report.verdicts("What a player may cost", verdicts);
}
