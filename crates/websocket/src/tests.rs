//! The decoder over pieces of streams, beside the examples of the RFC and another implementation.

use std::ops::ControlFlow;

use super::*;

mod judge;
mod pieces;
mod rules;
mod control;
mod oracle;

use judge::Came;

/// The longest message in these tests.
const LEN_MAX: usize = 70_000;

/// Reads a stream in pieces that end at `cuts`.
fn read(role: Role, stream: &[u8], cuts: &[usize]) -> (Vec<Came>, Result<(), Violation>) {
    judge::read(role, LEN_MAX, stream, cuts)
}

/// A frame in any form, allowed or not, masked for a server.
fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let mask = [0x37, 0xfa, 0x21, 0x3d];
    let mut bytes = vec![first];
    match payload.len() {
        len @ 0..=125 => bytes.push(0x80 | len as u8),
        len @ 126..=0xffff => {
            bytes.push(0x80 | 126);
            bytes.extend_from_slice(&(len as u16).to_be_bytes());
        }
        len => {
            bytes.push(0x80 | 127);
            bytes.extend_from_slice(&(len as u64).to_be_bytes());
        }
    }
    bytes.extend_from_slice(&mask);
    bytes.extend(
        payload
            .iter()
            .zip(mask.iter().cycle())
            .map(|(byte, mask)| byte ^ mask),
    );
    bytes
}
