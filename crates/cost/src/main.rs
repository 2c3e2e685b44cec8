//! What the rules cost in instructions: `cargo xtask bench --gate` runs this under valgrind.
//!
//! Start at [`Operation`]. Nothing here reads a clock or counts anything; the same arguments always
//! run the same instructions, on a busy machine too.

mod operation;
mod samples;
mod codecs;
mod logs;
mod fan_out;
mod sessions;
mod framing;

use anyhow::{Context, Result, bail};

use crate::operation::Operation;

const USAGE: &str = "trunkline-cost [OPERATION TIMES]";

/// Without arguments, lists the operations: name, times, units. With a name and a number, performs
/// that one so many times.
fn main() -> Result<()> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    match &args[..] {
        [] => {
            for operation in all() {
                let Operation {
                    name, times, units, ..
                } = operation;
                println!("{name}\t{times}\t{units}");
            }
        }
        [name, times] => {
            let operation = all().find(|it| it.name == name);
            let operation = operation.with_context(|| format!("no such operation: {name}"))?;
            (operation.perform)(times.parse().context(USAGE)?);
        }
        _ => bail!(USAGE),
    }
    Ok(())
}

fn all() -> impl Iterator<Item = Operation> {
    let groups = [
        &codecs::OPERATIONS[..],
        &logs::OPERATIONS,
        &fan_out::OPERATIONS,
        &sessions::OPERATIONS,
        &framing::OPERATIONS,
    ];
    groups.into_iter().flatten().copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_operation_can_be_performed_and_has_a_name_of_its_own() {
        let mut names: Vec<&str> = all().map(|it| it.name).collect();
        for operation in all() {
            assert!(operation.times > 0 && operation.units > 0);
            (operation.perform)(2);
        }
        let count = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), count);
    }
}
