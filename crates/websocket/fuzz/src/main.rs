//! The fuzz target: arbitrary input as streams of frames, judged as the tests of the crate judge.
//!
//! `cargo xtask fuzz` builds and runs it. Its input is a length bound, a role and cuts, then
//! either the stream itself or what [`frames`] makes into one.

#![no_main]

use libfuzzer_sys::fuzz_target;
use trunkline_websocket::*;

mod frames;
#[path = "../../src/tests/judge.rs"]
mod judge;

use frames::Input;

fuzz_target!(|bytes: &[u8]| {
    let mut input = Input(bytes);
    let choices = input.byte();
    let role = [Role::Server, Role::Client][usize::from(choices & 1)];
    let len_max = match choices >> 1 & 3 {
        0 => usize::from(input.byte()),
        1 => input.number(),
        2 => 300 - usize::from(input.byte()),
        _ => LEN_MAX - usize::from(input.byte()),
    };
    let places: Vec<usize> = (0..choices >> 5).map(|_| input.number()).collect();
    let stride = usize::from(input.byte());
    let stream = match choices >> 3 & 1 {
        0 => input.0.to_vec(),
        _ => frames::stream(&mut input, role, len_max),
    };
    // Cuts at some places, or after every so many bytes, so long as these are not too many.
    let cuts = match choices >> 4 & 1 {
        0 => places,
        _ => (0..stream.len())
            .step_by((stride + 1).max(stream.len() >> 10))
            .collect(),
    };
    judge::check(role, len_max, &stream, &cuts);
});

/// The longest message.
const LEN_MAX: usize = 70_000;
