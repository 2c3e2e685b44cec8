//! The real server as a process of its own.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};

use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

use crate::within;

/// A server process on a free port. It is killed when this is dropped.
pub struct ServerProcess {
    address: SocketAddr,
    child: Child,
    data: Option<TempDir>,
    arguments: Vec<String>,
}

impl ServerProcess {
    /// The binary under test: what `cargo xtask test` names, or what `cargo xtask build` left.
    pub fn binary() -> PathBuf {
        let named = std::env::var_os("TRUNKLINE_BIN").map(PathBuf::from);
        let built = || {
            PathBuf::from(concat!(
                env!("CARGO_MANIFEST_DIR"),
                "/../target/release/trunkline"
            ))
        };
        let binary = named.unwrap_or_else(built);
        assert!(
            binary.exists(),
            "no server at {}: run `cargo xtask build` first",
            binary.display()
        );
        binary
    }

    /// Runs the binary with these arguments until it ends.
    pub async fn run(arguments: &[&str]) -> Output {
        let output = Command::new(Self::binary())
            .args(arguments)
            .env_remove("RUST_BACKTRACE")
            .output();
        within("the server to end", output)
            .await
            .expect("a server that runs")
    }

    /// Starts a server on a free port with these arguments besides.
    pub async fn start(arguments: &[&str]) -> Self {
        let data = TempDir::new().expect("a folder for the test");
        Self::start_on("127.0.0.1:0", data, arguments).await
    }

    /// Starts a server whose data folder is a disk of `len` bytes, mounted where only it sees it.
    pub async fn start_on_small_disk(len: u64) -> Self {
        let data = TempDir::new().expect("a folder for the test");
        let mut command = Command::new("unshare");
        let script = r#"mount -t tmpfs -o size="$1" tmpfs "$2" && shift 2 && exec "$@""#;
        command
            .args([
                "--user",
                "--map-root-user",
                "--mount",
                "sh",
                "-c",
                script,
                "sh",
            ])
            .arg(len.to_string())
            .arg(data.path())
            .arg(Self::binary());
        Self::launch(command, "127.0.0.1:0", data, &[]).await
    }

    /// The data folder as the server sees it.
    pub fn data_inside(&self) -> PathBuf {
        let id = self.child.id().expect("a process that runs");
        let path = self.data().strip_prefix("/").expect("an absolute path");
        PathBuf::from(format!("/proc/{id}/root")).join(path)
    }

    async fn start_on(address: &str, data: TempDir, arguments: &[&str]) -> Self {
        Self::launch(Command::new(Self::binary()), address, data, arguments).await
    }

    async fn launch(
        mut command: Command,
        address: &str,
        data: TempDir,
        arguments: &[&str],
    ) -> Self {
        let mut child = command
            .args(["serve", "--listen", address, "--data"])
            .arg(data.path())
            .args(arguments)
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("a server that starts");
        let stdout = child.stdout.take().expect("a pipe");
        let line = within(
            "the server's address",
            BufReader::new(stdout).lines().next_line(),
        )
        .await;
        let line = line.expect("a pipe").expect("one line before the end");
        let address = line.rsplit("http://").next().and_then(|it| it.parse().ok());
        let address = address.unwrap_or_else(|| panic!("no address in {line:?}"));
        Self {
            address,
            child,
            data: Some(data),
            arguments: arguments.iter().map(|&it| it.to_owned()).collect(),
        }
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its address for HTTP.
    pub fn base(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Where it keeps its data.
    pub fn data(&self) -> &Path {
        let data = self.data.as_ref();
        data.expect("a process has its folder until it is dropped")
            .path()
    }

    /// Kills it without a word, and starts another one on the same port with the same data and
    /// arguments.
    pub async fn kill_and_restart(mut self) -> Self {
        self.child.kill().await.expect("a process of ours");
        let data = self
            .data
            .take()
            .expect("a process has its folder until it is dropped");
        let arguments: Vec<_> = self.arguments.iter().map(String::as_str).collect();
        Self::start_on(&self.address.to_string(), data, &arguments).await
    }

    /// Kills it without a word.
    pub async fn kill(&mut self) {
        self.child.kill().await.expect("a process of ours");
    }

    /// Stops it where it is, as a machine without time for it would, until [`Self::thaw`].
    pub async fn freeze(&self) {
        self.signal("-STOP").await;
    }

    /// Lets it go on.
    pub async fn thaw(&self) {
        self.signal("-CONT").await;
    }

    async fn signal(&self, signal: &str) {
        let id = self.child.id().expect("a process that runs").to_string();
        let sent = Command::new("kill").args([signal, &id]).status().await;
        assert!(sent.expect("kill").success());
    }

    /// Asks it to end like an operator would, and returns its exit code.
    pub async fn terminate(mut self) -> Option<i32> {
        self.signal("-TERM").await;
        within("the server to end", self.child.wait())
            .await
            .expect("a process of ours")
            .code()
    }
}
