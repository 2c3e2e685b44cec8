//! The binary as an operator meets it: what it prints, how it ends.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

const BINARY: &str = env!("CARGO_BIN_EXE_trunkline");

/// A running server, killed when the test is over.
struct Server {
    child: Child,
    line: String,
}

impl Server {
    fn start(command: &mut Command) -> Self {
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("a start");
        let mut line = String::new();
        let stdout = child.stdout.as_mut().expect("stdout is piped");
        BufReader::new(stdout).read_line(&mut line).expect("a line");
        Self { child, line }
    }

    fn address(&self) -> SocketAddr {
        let address = self
            .line
            .trim_end()
            .strip_prefix("trunkline is listening on http://");
        address
            .expect("the address")
            .parse()
            .expect("an address with a port")
    }

    fn get(&self, path: &str) -> String {
        let mut stream = TcpStream::connect(self.address()).expect("a connection");
        stream
            .set_read_timeout(Some(Duration::from_secs(10)))
            .expect("a socket");
        let request = format!("GET {path} HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n");
        stream
            .write_all(request.as_bytes())
            .expect("room for a request");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("an answer");
        answer
    }

    #[cfg(unix)]
    fn signal(&self, name: &str) {
        let pid = self.child.id().to_string();
        let status = Command::new("kill")
            .args([&format!("-{name}"), &pid])
            .status();
        assert!(status.expect("kill exists").success());
    }

    fn exit_code(&mut self) -> Option<i32> {
        let deadline = Instant::now() + Duration::from_secs(10);
        loop {
            if let Some(status) = self.child.try_wait().expect("a child of ours") {
                return status.code();
            }
            assert!(Instant::now() < deadline, "the server does not end");
            std::thread::yield_now();
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn serve(data: &Path) -> Command {
    let mut command = Command::new(BINARY);
    command
        .args(["serve", "--listen", "127.0.0.1:0", "--data"])
        .arg(data);
    command
}

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().expect("a folder for the test")
}

/// Checks that a command fails with exactly one line, which is returned.
fn check_fails(command: &mut Command) -> String {
    let Output {
        status,
        stdout,
        stderr,
    } = command.output().expect("a run");
    let stderr = String::from_utf8(stderr).expect("text");
    assert!(!status.success(), "{stderr}");
    assert_eq!(stdout, b"");
    assert_eq!(stderr.lines().count(), 1, "{stderr}");
    stderr.trim_end().to_owned()
}

#[test]
fn a_server_prints_its_address_and_answers_there() {
    let data = folder();
    let server = Server::start(&mut serve(data.path()));
    assert_ne!(server.address().port(), 0);
    assert!(server.get("/healthz").starts_with("HTTP/1.1 200 OK\r\n"));
    assert!(data.path().join("guest.key").is_file());
}

#[cfg(unix)]
#[test]
fn a_signal_ends_a_server_and_stdout_had_one_line() {
    for name in ["TERM", "INT"] {
        let data = folder();
        let mut server = Server::start(&mut serve(data.path()));
        server.signal(name);
        assert_eq!(server.exit_code(), Some(0), "{name}");
        let mut rest = String::new();
        let stdout = server.child.stdout.as_mut().expect("stdout is piped");
        stdout.read_to_string(&mut rest).expect("text");
        assert_eq!(rest, "");
    }
}

#[cfg(unix)]
#[test]
fn a_second_signal_does_not_wait() {
    let data = folder();
    let mut server = Server::start(serve(data.path()).args(["--shutdown-grace", "3600"]));
    // A request without its body keeps the first signal waiting for as long as it may.
    let mut stream = TcpStream::connect(server.address()).expect("a connection");
    let head = "POST /auth/guest HTTP/1.1\r\nHost: test\r\nContent-Type: application/json\r\n\
                Content-Length: 10\r\nExpect: 100-continue\r\n\r\n";
    stream
        .write_all(head.as_bytes())
        .expect("room for a request");
    // The answer to `Expect` says that the request is being served.
    let mut byte = [0];
    stream.read_exact(&mut byte).expect("an interim answer");
    server.signal("TERM");
    let deadline = Instant::now() + Duration::from_secs(10);
    while TcpStream::connect(server.address()).is_ok() {
        assert!(Instant::now() < deadline, "the first signal is not heard");
        std::thread::yield_now();
    }
    assert_eq!(server.child.try_wait().expect("a child of ours"), None);
    server.signal("INT");
    assert_eq!(server.exit_code(), Some(130));
}

#[test]
fn a_port_in_use_is_one_clear_line() {
    let data = folder();
    let taken = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = taken.local_addr().expect("an address").to_string();
    let mut command = Command::new(BINARY);
    command
        .args(["serve", "--listen", &address, "--data"])
        .arg(data.path());
    let line = check_fails(&mut command);
    let expected = format!("error: cannot listen on {address}: another program does; ");
    assert!(line.starts_with(&expected), "{line}");
}

#[test]
fn a_data_folder_that_cannot_be_one_is_one_clear_line() {
    let data = folder();
    let file = data.path().join("file");
    std::fs::write(&file, b"").expect("room for a file");
    let line = check_fails(&mut serve(&file));
    assert!(
        line.starts_with("error: cannot create the data folder "),
        "{line}"
    );
    let line = check_fails(&mut serve(&file.join("below")));
    assert!(
        line.starts_with("error: cannot create the data folder "),
        "{line}"
    );
}

#[test]
fn a_mistake_in_the_settings_is_one_clear_line() {
    let data = folder();
    let path = data.path().join("trunkline.toml");
    std::fs::write(&path, "lisen = '127.0.0.1:1'").expect("room for a file");
    let line = check_fails(serve(data.path()).arg("--config").arg(&path));
    let expected = "trunkline.toml: unknown key `lisen` on line 1, did you mean `listen`?";
    assert!(
        line.starts_with("error: ") && line.ends_with(expected),
        "{line}"
    );

    let mut command = Command::new(BINARY);
    let line = check_fails(command.arg("serve").env("TRUNKLINE_LISTEN", "8787"));
    assert!(
        line.starts_with("error: TRUNKLINE_LISTEN: invalid address"),
        "{line}"
    );
    let line = check_fails(Command::new(BINARY).args(["serve", "--shutdown-grace", "soon"]));
    assert!(line.contains("--shutdown-grace"), "{line}");
    let line = check_fails(serve(data.path()).args(["--config", "/nowhere/trunkline.toml"]));
    assert!(
        line.starts_with("error: /nowhere/trunkline.toml: cannot read"),
        "{line}"
    );
}

#[test]
fn checking_the_settings_starts_nothing() {
    let data = folder();
    let place = data.path().join("not-created");
    let output = serve(&place).arg("--check-config").output().expect("a run");
    assert!(output.status.success());
    assert_eq!(output.stdout, b"the configuration is valid\n");
    assert!(!place.exists());
}

#[cfg(unix)]
#[test]
fn a_server_out_of_file_descriptors_comes_back() {
    let data = folder();
    let mut command = Command::new("sh");
    let script = "ulimit -n 40 && exec \"$0\" serve --listen 127.0.0.1:0 --data \"$1\"";
    command.args(["-c", script, BINARY]).arg(data.path());
    let server = Server::start(&mut command);
    // The kernel completes connections that the server cannot accept.
    let flood: Vec<TcpStream> = (0..60)
        .map(|_| TcpStream::connect(server.address()).expect("a connection"))
        .collect();
    drop(flood);
    assert!(server.get("/healthz").starts_with("HTTP/1.1 200 OK\r\n"));
}
