//! `trunkline replay`: plays the record of a match again.

use std::path::PathBuf;

use anyhow::{Context, bail};
use clap::Args;
use trunkline_arena::{InvalidRecord, RECORD_LEN_MAX, Record, TICK_HZ};

/// Arguments of `trunkline replay`.
#[derive(Debug, Args)]
pub struct ReplayArgs {
    /// A record, as a server with --arena-records keeps them
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

impl ReplayArgs {
    /// Plays it, and says how it ended.
    ///
    /// # Errors
    ///
    /// In one line: why it is no record, or from which tick on it was another match.
    pub fn run(&self) -> anyhow::Result<String> {
        let name = self.file.display();
        let len = std::fs::metadata(&self.file)
            .with_context(|| format!("{name}: cannot read the record"))?
            .len();
        if len > RECORD_LEN_MAX as u64 {
            bail!("{name}: longer than a record may be, which is {RECORD_LEN_MAX} bytes");
        }
        let bytes = std::fs::read(&self.file);
        let bytes = bytes.with_context(|| format!("{name}: cannot read the record"))?;
        let replayed = Record::replay(&bytes).map_err(|error| match error {
            InvalidRecord::Unknown => {
                anyhow::anyhow!("{name}: not a record, or one of another version of the rules")
            }
            InvalidRecord::Broken(at) => {
                anyhow::anyhow!("{name}: what stands at byte {at} cannot be in a record")
            }
        })?;
        if let Some(tick) = replayed.differs_at {
            bail!("{name}: after tick {tick} it is not the match that was played");
        }
        Ok(format!(
            "tick {} ({} a second), hash {:08x}, {} hashes compared: the match that was played",
            replayed.tick, TICK_HZ, replayed.hash, replayed.compared
        ))
    }
}

#[cfg(test)]
mod tests {
    use trunkline_arena::{Input, Length, SEATS, World};

    use super::*;

    fn check(bytes: &[u8], expected: &str) {
        let folder = tempfile::tempdir().expect("a folder for the test");
        let file = folder.path().join("a.arena");
        std::fs::write(&file, bytes).expect("room for a file");
        let prefix = format!("{}: ", file.display());
        let said = match (ReplayArgs { file }).run() {
            Ok(said) => said,
            Err(error) => format!("{error:#}").replace(&prefix, "error: "),
        };
        assert_eq!(said, expected);
    }

    #[test]
    fn a_record_is_played_again_and_told_from_one_that_was_changed() {
        let mut world = World::new(1, Length::of_seconds(1, 1));
        let mut record = Record::of(&world);
        world.enter(0);
        record.enter(0);
        let mut inputs = [Input::default(); SEATS];
        inputs[0].moves.right = true;
        for _ in 0..60 {
            world.step(&inputs);
            record.step(&world, &inputs);
        }
        let bytes = record.bytes().expect("a short record");
        let hash = world.hash();
        let expected = format!(
            "tick 60 (30 a second), hash {hash:08x}, 2 hashes compared: the match that was played"
        );
        check(bytes, &expected);
        let mut other = bytes.to_vec();
        // The seed: the disc begins elsewhere.
        other[4] ^= 0x55;
        check(
            &other,
            "error: after tick 30 it is not the match that was played",
        );
        check(
            b"nothing",
            "error: not a record, or one of another version of the rules",
        );
        let mut cut = bytes.to_vec();
        cut.push(9);
        let at = bytes.len();
        check(
            &cut,
            &format!("error: what stands at byte {at} cannot be in a record"),
        );
    }
}
