//! The witness: a listener that hands everything on to the server, byte by byte, and remembers how
//! each connection began that asks for it by a nonce in the query of its address.

use std::collections::VecDeque;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use mio::net::TcpListener;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::sync::Semaphore;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use trunkline_protocol::List;
use trunkline_protocol::topics::lab::{Handshake, WITNESSED_LEN_MAX};

/// How long a connection may go by the witness.
const LIFE: Duration = Duration::from_secs(30);

/// How many connections go by it at a time, and how many are remembered.
const CONNECTIONS_MAX: usize = 64;
const REMEMBERED_MAX: usize = 64;

/// What is remembered of each direction: a head, and what follows it.
const KEPT_MAX: usize = 2 * WITNESSED_LEN_MAX;

/// How much is handed on at once.
const PIECE: usize = 8 * 1024;

/// What went by.
pub(super) struct Witness {
    listener: Mutex<Option<TcpListener>>,
    remembered: Arc<Remembered>,
}

/// The last of them by their nonces, the newest last.
type Remembered = Mutex<VecDeque<(u64, Arc<Record>)>>;

/// The begin of a connection.
#[derive(Default)]
struct Record {
    up: Mutex<Vec<u8>>,
    down: Mutex<Vec<u8>>,
}

impl Witness {
    /// A witness that listens here, or sees nothing.
    pub(super) fn new(listener: Option<TcpListener>) -> Self {
        Self {
            listener: Mutex::new(listener),
            remembered: Arc::default(),
        }
    }

    /// Hands connections on to `server`, until the goodbye. Inside a tokio runtime.
    pub(super) fn serve(&self, server: SocketAddr, goodbye: &CancellationToken) {
        let listener = lock(&self.listener).take();
        let Some(listener) = listener else { return };
        let listener = match tokio::net::TcpListener::from_std(listener.into()) {
            Ok(listener) => listener,
            Err(error) => return tracing::warn!(%error, "the lab has no witness"),
        };
        let (goodbye, remembered) = (goodbye.clone(), Arc::clone(&self.remembered));
        let room = Arc::new(Semaphore::new(CONNECTIONS_MAX));
        tokio::spawn(async move {
            loop {
                let accepted = tokio::select! {
                    () = goodbye.cancelled() => return,
                    accepted = listener.accept() => accepted,
                };
                let Ok((stream, _)) = accepted else {
                    // No room for another socket: later, perhaps.
                    tokio::time::sleep(Duration::from_millis(100)).await;
                    continue;
                };
                // One too many is hung up on.
                let Ok(place) = Arc::clone(&room).try_acquire_owned() else {
                    continue;
                };
                let (goodbye, remembered) = (goodbye.clone(), Arc::clone(&remembered));
                tokio::spawn(async move {
                    let handing_on = timeout(LIFE, hand_on(stream, server, &remembered));
                    tokio::select! {
                        () = goodbye.cancelled() => {}
                        // However it ends, both sides are hung up on.
                        _ = handing_on => {}
                    }
                    drop(place);
                });
            }
        });
    }

    /// How the connection with this nonce began.
    pub(super) fn seen(&self, nonce: u64) -> Option<Handshake> {
        let remembered = lock(&self.remembered);
        let (_, record) = remembered.iter().rev().find(|(of, _)| *of == nonce)?;
        let (request, up) = split(&without_secrets(&lock(&record.up)));
        let (response, down) = split(&lock(&record.down));
        Some(Handshake {
            request,
            response,
            up,
            down,
        })
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A head, and what follows it. All is head while that has no end.
fn split(bytes: &[u8]) -> (List<u8, WITNESSED_LEN_MAX>, List<u8, WITNESSED_LEN_MAX>) {
    let end = bytes.windows(4).position(|it| it == b"\r\n\r\n");
    let (head, rest) = bytes.split_at(end.map_or(bytes.len(), |end| end + 4));
    (
        List::cut(head.iter().copied()),
        List::cut(rest.iter().copied()),
    )
}

/// The same bytes with stars for what a page must not see of its own requests: its cookie, which is
/// kept from scripts, and keys.
fn without_secrets(bytes: &[u8]) -> Vec<u8> {
    let mut shown = bytes.to_vec();
    let mut secret = false;
    for line in shown.split_inclusive_mut(|byte| *byte == b'\n') {
        if line == b"\r\n" {
            break;
        }
        // A folded line belongs to the header before it.
        let folded = line.starts_with(b" ") || line.starts_with(b"\t");
        let name = line.split(|byte| *byte == b':').next().unwrap_or_default();
        let name_len = name.len();
        secret = (folded && secret)
            || name.eq_ignore_ascii_case(b"cookie")
            || name.eq_ignore_ascii_case(b"authorization");
        let from = if folded { 0 } else { name_len + 1 };
        if secret && from < line.len() {
            let value = line[from..].iter_mut();
            value
                .filter(|byte| !byte.is_ascii_whitespace())
                .for_each(|byte| *byte = b'*');
        }
    }
    shown
}

/// The nonce in a request's first line.
fn nonce(bytes: &[u8]) -> Option<u64> {
    let line = bytes.split(|byte| *byte == b'\r').next()?;
    let line = str::from_utf8(line).ok()?;
    let query = line.split(' ').nth(1)?.split_once('?')?.1;
    let value = query
        .split('&')
        .find_map(|it| it.strip_prefix("witness="))?;
    value.parse().ok()
}

async fn hand_on(
    stream: TcpStream,
    server: SocketAddr,
    remembered: &Remembered,
) -> std::io::Result<()> {
    let onward = TcpStream::connect(reachable(server)).await?;
    for side in [&stream, &onward] {
        side.set_nodelay(true)?;
    }
    let (mut from_client, to_client) = stream.into_split();
    let (from_server, mut to_server) = onward.into_split();
    let mut first = vec![0; PIECE];
    let len = from_client.read(&mut first).await?;
    first.truncate(len);
    let record = nonce(&first).map(|nonce| {
        let record = Arc::new(Record::default());
        remember(&record.up, &first);
        let mut remembered = lock(remembered);
        if remembered.len() == REMEMBERED_MAX {
            remembered.pop_front();
        }
        remembered.push_back((nonce, Arc::clone(&record)));
        record
    });
    to_server.write_all(&first).await?;
    drop(first);
    let up = pump(from_client, to_server, record.as_ref().map(|it| &it.up));
    let down = pump(from_server, to_client, record.as_ref().map(|it| &it.down));
    tokio::try_join!(up, down).map(|_| ())
}

/// Hands one direction on until its end.
async fn pump(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    record: Option<&Mutex<Vec<u8>>>,
) -> std::io::Result<()> {
    let mut piece = vec![0; PIECE];
    loop {
        let len = from.read(&mut piece).await?;
        if len == 0 {
            return to.shutdown().await;
        }
        if let Some(record) = record {
            remember(record, &piece[..len]);
        }
        to.write_all(&piece[..len]).await?;
    }
}

fn remember(record: &Mutex<Vec<u8>>, bytes: &[u8]) {
    let mut kept = lock(record);
    let room = KEPT_MAX - kept.len();
    kept.extend_from_slice(&bytes[..bytes.len().min(room)]);
}

/// The address at which a server is reached that may listen on all.
fn reachable(server: SocketAddr) -> SocketAddr {
    let ip = match server.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, server.port())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_nonce_stands_in_the_query() {
        let check = |line: &str, expected| {
            let request = format!("{line}\r\nHost: test\r\nX: GET /?witness=1 HTTP/1.1\r\n\r\n");
            assert_eq!(nonce(request.as_bytes()), expected, "{line}");
        };
        check("GET /ws?witness=42 HTTP/1.1", Some(42));
        check(
            "GET /ws?a=b&witness=9007199254740991 HTTP/1.1",
            Some((1 << 53) - 1),
        );
        check("GET /ws HTTP/1.1", None);
        check("GET /ws?witness= HTTP/1.1", None);
        check("GET /ws?witness=-1 HTTP/1.1", None);
        check("GET /ws?witness=99999999999999999999 HTTP/1.1", None);
        check("", None);
        assert_eq!(nonce(&[0xff, 0xfe]), None);
    }

    #[test]
    fn a_cookie_is_not_shown() {
        let check = |sent: &str, shown: &str| {
            let found = without_secrets(sent.as_bytes());
            assert_eq!(String::from_utf8_lossy(&found), shown);
        };
        check(
            "GET / HTTP/1.1\r\nCookie: a=b; c\r\nHost: h\r\n\r\n",
            "GET / HTTP/1.1\r\nCookie: **** *\r\nHost: h\r\n\r\n",
        );
        check(
            "G\r\nCOOKIE:ab\r\n cd\r\nx: 1\r\n\r\n",
            "G\r\nCOOKIE:**\r\n **\r\nx: 1\r\n\r\n",
        );
        check(
            "G\r\nauthorization: Bearer x\r\n\r\n",
            "G\r\nauthorization: ****** *\r\n\r\n",
        );
        check("G\r\n\r\ncookie: body\r\n", "G\r\n\r\ncookie: body\r\n");
        check("cookie", "cookie");
    }

    #[test]
    fn a_head_ends_with_an_empty_line() {
        let check = |bytes: &[u8], head: &[u8], rest: &[u8]| {
            let found = split(bytes);
            assert_eq!((&*found.0, &*found.1), (head, rest));
        };
        check(b"a\r\n\r\nb\r\n\r\n", b"a\r\n\r\n", b"b\r\n\r\n");
        check(b"a\r\n", b"a\r\n", b"");
        check(b"", b"", b"");
    }

    #[test]
    fn what_is_kept_is_bounded() {
        let record = Mutex::default();
        for _ in 0..3 {
            remember(&record, &[7; PIECE - 1]);
        }
        assert_eq!(lock(&record).len(), KEPT_MAX);
    }
}
