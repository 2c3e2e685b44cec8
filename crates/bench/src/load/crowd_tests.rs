//! A crowd at a server that cheats: what it leaves out, doubles or swaps is noticed.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread::JoinHandle;

use super::*;
use crate::load::ledger::Faults;

/// What the second connection gets of what was said.
type Cheat = fn(&[Vec<u8>]) -> Vec<&[u8]>;

/// How many messages the first connection says.
const MESSAGES: u32 = 4;

/// Takes two connections, answers their upgrades, and hands on what the first says: to the first
/// as it is, to the second by the cheat. Both get everything at once, when all is said.
fn serve(hand_on: Cheat) -> (SocketAddr, JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    let serving = std::thread::spawn(move || {
        let upgraded = || {
            let (mut stream, _) = listener.accept().expect("a connection");
            let mut request = Vec::new();
            while !request.ends_with(b"\r\n\r\n") {
                let mut byte = [0];
                stream.read_exact(&mut byte).expect("a request");
                request.push(byte[0]);
            }
            let answer = b"HTTP/1.1 101 Switching Protocols\r\n\r\n";
            stream.write_all(answer).expect("an open socket");
            stream
        };
        let (mut first, mut second) = (upgraded(), upgraded());
        let frames: Vec<_> = (0..MESSAGES).map(|_| frame(&mut first)).collect();
        second
            .write_all(&hand_on(&frames).concat())
            .expect("an open socket");
        first.write_all(&frames.concat()).expect("an open socket");
        // Until the crowd ends.
        let _ = first.read(&mut [0]);
    });
    (address, serving)
}

/// Reads a masked frame of a short text, and returns it as a server sends it.
fn frame(stream: &mut TcpStream) -> Vec<u8> {
    let mut header = [0; 6];
    stream.read_exact(&mut header).expect("a header");
    let mut text = vec![0; usize::from(header[1] & 0x7f)];
    stream.read_exact(&mut text).expect("a text");
    for (at, byte) in text.iter_mut().enumerate() {
        *byte ^= header[2 + at % 4];
    }
    [vec![header[0], header[1] & 0x7f], text].concat()
}

fn check(hand_on: Cheat, expected: Faults) {
    let (address, serving) = serve(hand_on);
    let target = Target {
        address,
        language: Language::Plain,
    };
    let mut crowd = Crowd::gather(target, vec![Seat::Reader(0); 2]).expect("a crowd");
    let burst = crowd.burst(Pace::PerSecond(1000 * MESSAGES), Duration::from_millis(1));
    let burst = burst.expect("the connections last");
    assert_eq!(burst.publishes, u64::from(MESSAGES));
    assert_eq!(burst.faults, expected);
    assert_eq!(burst.faults.check().is_ok(), expected == Faults::default());
    crowd.end().expect("an end");
    serving.join().expect("a server");
}

fn all(frames: &[Vec<u8>]) -> Vec<&[u8]> {
    frames.iter().map(Vec::as_slice).collect()
}

#[test]
fn an_honest_server_is_without_fault() {
    check(all, Faults::default());
}

#[test]
fn a_message_that_is_left_out_is_lost() {
    let lost = Faults {
        lost: 1,
        ..Faults::default()
    };
    check(
        |frames| [&all(frames)[..1], &all(frames)[2..]].concat(),
        lost,
    );
}

#[test]
fn a_message_that_comes_twice_is_noticed() {
    let twice = Faults {
        disordered: 1,
        ..Faults::default()
    };
    check(
        |frames| [&all(frames)[..2], &all(frames)[1..]].concat(),
        twice,
    );
}

#[test]
fn messages_that_changed_places_are_noticed() {
    let swapped = Faults {
        lost: 1,
        disordered: 1,
        ..Faults::default()
    };
    check(
        |frames| vec![&frames[0], &frames[2], &frames[1], &frames[3]],
        swapped,
    );
}
