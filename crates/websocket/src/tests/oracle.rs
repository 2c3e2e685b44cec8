//! Another implementation as judge: tungstenite reads the same bytes and comes to the same end.

use std::io::{self, Read, Write};

use proptest::prelude::*;
use tungstenite::protocol::{Role as TheirRole, WebSocketConfig};
use tungstenite::{Error, Message, WebSocket};

use super::pieces::streams;
use super::*;

/// A stream that is read and swallows what is written.
struct Line(io::Cursor<Vec<u8>>);

impl Read for Line {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.read(buffer)
    }
}

impl Write for Line {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// What tungstenite makes of a stream: what came, and whether it refused the rest.
fn judge(stream: &[u8]) -> (Vec<Came>, bool) {
    let config = WebSocketConfig::default()
        .max_message_size(Some(LEN_MAX))
        .max_frame_size(Some(LEN_MAX));
    let line = Line(io::Cursor::new(stream.to_vec()));
    let mut socket = WebSocket::from_raw_socket(line, TheirRole::Server, Some(config));
    let mut came = Vec::new();
    loop {
        came.push(match socket.read() {
            Ok(Message::Text(text)) => Came::Text(text.to_string()),
            Ok(Message::Binary(bytes)) => Came::Binary(bytes.to_vec()),
            Ok(Message::Ping(payload)) => Came::Ping(payload.to_vec()),
            Ok(Message::Pong(payload)) => Came::Pong(payload.to_vec()),
            Ok(Message::Close(None)) => Came::Close(None, String::new()),
            Ok(Message::Close(Some(close))) => {
                Came::Close(Some(close.code.into()), close.reason.to_string())
            }
            Ok(Message::Frame(_)) => continue,
            // The stream has ended, within a frame or not.
            Err(Error::ConnectionClosed | Error::AlreadyClosed) => return (came, false),
            Err(Error::Protocol(
                tungstenite::error::ProtocolError::ResetWithoutClosingHandshake,
            )) => return (came, false),
            Err(_) => return (came, true),
        });
        if came.last() == Some(&Came::Close(Some(1002), "Protocol violation".to_owned())) {
            // Its way to refuse a Close frame whose code nobody may send.
            came.pop();
            return (came, true);
        }
        if matches!(came.last(), Some(Came::Close(..))) {
            return (came, false);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3000))]

    #[test]
    fn another_implementation_agrees(stream in streams()) {
        let (came, result) = read(Role::Server, &stream, &[]);
        let (theirs, refused) = judge(&stream);
        // What is refused here and good there would be missing here.
        prop_assert_eq!(&came, &theirs);
        // We also refuse what is wrong and has not come to its end, such as a byte of a text.
        if refused {
            prop_assert!(result.is_err());
        }
    }
}
