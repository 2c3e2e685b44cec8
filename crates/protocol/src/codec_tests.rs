//! The five rules, by hostile bytes; vectors and round trips are in the files below.

use super::*;

mod protocol_md;
mod round_trips;
mod samples;
mod sizes;
mod vectors;
