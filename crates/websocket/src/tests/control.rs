//! Control frames as they are written, by either end.

use super::*;

const MASK: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];

fn check_close(reason: &str, expected: &str) {
    let (mut bytes, mut masked) = (Vec::new(), Vec::new());
    push_close(&mut bytes, 4000, reason);
    push_masked_close(&mut masked, 4000, reason, MASK);
    let expected = (vec![Came::Close(Some(4000), expected.to_owned())], Ok(()));
    assert_eq!(read(Role::Client, &bytes, &[]), expected);
    assert_eq!(read(Role::Server, &masked, &[]), expected);
}

#[test]
fn a_long_reason_is_cut_between_characters() {
    check_close("", "");
    check_close(&"x".repeat(123), &"x".repeat(123));
    check_close(&"x".repeat(124), &"x".repeat(123));
    // The last byte that fits would begin a character, or end one.
    check_close(&"é".repeat(70), &"é".repeat(61));
    check_close(&"한".repeat(60), &"한".repeat(41));
}

#[test]
fn what_a_server_says_for_itself_is_read_by_a_client() {
    let mut bytes = Vec::new();
    push_ping(&mut bytes, b"a");
    push_pong(&mut bytes, &[b'b'; 200]);
    let expected = [Came::Ping(b"a".to_vec()), Came::Pong(vec![b'b'; 125])];
    assert_eq!(read(Role::Client, &bytes, &[]), (expected.to_vec(), Ok(())));
}

#[test]
fn what_a_client_says_for_itself_is_read_by_a_server() {
    let mut bytes = Vec::new();
    push_masked_ping(&mut bytes, b"a", MASK);
    push_masked_pong(&mut bytes, &[b'b'; 200], MASK);
    let expected = [Came::Ping(b"a".to_vec()), Came::Pong(vec![b'b'; 125])];
    assert_eq!(read(Role::Server, &bytes, &[]), (expected.to_vec(), Ok(())));
}
