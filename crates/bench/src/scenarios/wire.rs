//! `wire`: the bytes of an event with its WebSocket header, beside the same event in the
//! envelopes of others. Computed, not measured.
//!
//! Everybody's message is ours in JSON, without what the envelope says already: these rows compare
//! envelopes and encodings, not what somebody chose to tell. No row has TCP's, IP's or TLS's bytes.

mod envelopes;
mod happenings;

use anyhow::{Context, Result};
use serde_json::json;
use trunkline_protocol::Codec;

use self::envelopes::{centrifugo, http_poll, phoenix, signal_r, socket_io};
use self::happenings::{HAPPENINGS, Happening};
use crate::report::Report;
use crate::server::Launcher;
use crate::table::Table;

#[expect(clippy::unused_async, reason = "scenarios are asynchronous")]
pub(super) async fn run(_: Launcher, _: bool, report: &mut Report) -> Result<()> {
    let mut head = vec!["bytes"];
    head.extend(HAPPENINGS.iter().map(|it| it.name));
    let (mut lens, mut ratios) = (Table::new(&head), Table::new(&head));
    let columns: Vec<Vec<(&str, usize)>> = HAPPENINGS.iter().map(rows).collect::<Result<_>>()?;
    let first = columns.first().context("nothing happens")?;
    let (ours, _) = first[0];
    for (row, &(who, _)) in first.iter().enumerate() {
        let cells = columns.iter().map(|column| column[row].1.to_string());
        lens.row(std::iter::once(who.to_owned()).chain(cells));
        let ratio = |column: &Vec<(&str, usize)>| column[0].1 as f64 / column[row].1 as f64;
        let cells = columns.iter().map(|column| format!("{:.2}", ratio(column)));
        if row > 0 {
            ratios.row(std::iter::once(who.to_owned()).chain(cells));
        }
    }
    for (happening, column) in HAPPENINGS.iter().zip(&columns) {
        for &(who, len) in column {
            report.figure(format!("{}: {who}", happening.name), json!(len));
        }
    }
    report.table("Bytes of an event, with its WebSocket header:", lens);
    report.table(format!("{ours}, divided by the other's:"), ratios);
    Ok(())
}

/// Who needs how many bytes for it.
fn rows(happening: &Happening) -> Result<Vec<(&'static str, usize)>> {
    let Happening {
        topic,
        event,
        frame,
        ..
    } = *happening;
    let binary = Codec::Bincode.encode(&frame(Codec::Bincode)?);
    let text = Codec::Json.encode(&frame(Codec::Json)?);
    let message = (happening.message)(&serde_json::from_slice(&text)?);
    Ok(vec![
        ("trunkline, bincode", framed(binary.len())),
        ("trunkline, JSON", framed(text.len())),
        ("Socket.IO", framed(socket_io(event, &message).len())),
        ("Phoenix", framed(phoenix(topic, event, &message).len())),
        ("SignalR, JSON", framed(signal_r(event, &message).len())),
        (
            "Centrifugo, JSON",
            framed(centrifugo(topic, &message).len()),
        ),
        ("HTTP poll", http_poll(topic, &message).len()),
    ])
}

/// A frame of a server, with the header of RFC 6455, 5.2.
fn framed(len: usize) -> usize {
    let header = match len {
        0..=125 => 2,
        126..=0xffff => 4,
        _ => 10,
    };
    header + len
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ours_is_the_shortest() {
        for happening in &HAPPENINGS {
            let rows = rows(happening).expect("all can be encoded");
            assert!(rows[1..].iter().all(|row| row.1 > rows[0].1), "{rows:?}");
        }
    }
}
