//! A real Chromium, one profile per person, driven over WebDriver.

use std::net::SocketAddr;
use std::panic::AssertUnwindSafe;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use futures_util::FutureExt;
use serde_json::json;
use tempfile::TempDir;
use thirtyfour::prelude::*;
use tokio::net::{TcpListener, TcpStream};
use tokio::process::{Child, Command};

use crate::{Asking, until, within};

/// What a headless Chromium needs on a machine without a screen, a sandbox or the internet.
const ARGUMENTS: [&str; 12] = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--no-default-browser-check",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-extensions",
    "--disable-dev-shm-usage",
    "--window-size=1280,900",
];

/// What lets a browser have a camera and a microphone that are made up, and use them unasked.
pub const MADE_UP_CAMERA: [&str; 2] = [
    "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream",
];

/// Runs a story with `people` browsers, each a profile of its own. They are closed whatever
/// becomes of the story, since a killed driver would leave its browser behind.
pub async fn with_people<const PEOPLE: usize>(story: impl AsyncFnOnce(&[Browser; PEOPLE])) {
    with_people_using(&[], story).await;
}

/// The same, with browsers that are given more arguments.
pub async fn with_people_using<const PEOPLE: usize>(
    arguments: &[&str],
    story: impl AsyncFnOnce(&[Browser; PEOPLE]),
) {
    let driver = Driver::start().await;
    let mut browsers = Vec::new();
    for _ in 0..PEOPLE {
        browsers.push(driver.browser(arguments).await);
    }
    let browsers: [Browser; PEOPLE] = browsers
        .try_into()
        .unwrap_or_else(|_| unreachable!("as many as were started"));
    let told = AssertUnwindSafe(story(&browsers)).catch_unwind().await;
    for browser in browsers {
        if told.is_err() {
            browser
                .screenshot(&format!(
                    "failed-{}",
                    std::thread::current().name().unwrap_or("test")
                ))
                .await;
        }
        // A browser that has crashed is gone already.
        let _ = browser.window.quit().await;
    }
    if let Err(panic) = told {
        std::panic::resume_unwind(panic);
    }
}

fn named(variable: &str, usual: &str) -> PathBuf {
    std::env::var_os(variable).map_or_else(|| PathBuf::from(usual), PathBuf::from)
}

/// A chromedriver on a port of its own.
struct Driver {
    address: SocketAddr,
    _process: Child,
}

impl Driver {
    async fn start() -> Self {
        let port = {
            let free = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
            free.local_addr().expect("an address").port()
        };
        let process = Command::new(named("TRUNKLINE_CHROMEDRIVER", "/usr/bin/chromedriver"))
            .arg(format!("--port={port}"))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .expect("chromedriver: use `cargo xtask test`, which installs it");
        until("chromedriver to listen", async || {
            TcpStream::connect(("127.0.0.1", port)).await.ok()
        })
        .await;
        Self {
            address: ([127, 0, 0, 1], port).into(),
            _process: process,
        }
    }

    async fn browser(&self, arguments: &[&str]) -> Browser {
        let profile = TempDir::new().expect("a folder for the profile");
        let mut capabilities = DesiredCapabilities::chrome();
        let set = |set: Result<(), WebDriverError>| set.expect("a capability");
        set(capabilities
            .set_binary(&named("TRUNKLINE_CHROMIUM", "/usr/bin/chromium").to_string_lossy()));
        for argument in ARGUMENTS.iter().chain(arguments) {
            set(capabilities.add_arg(argument));
        }
        set(capabilities.add_arg("--lang=en-US"));
        set(capabilities.add_arg(&format!("--user-data-dir={}", profile.path().display())));
        let address = format!("http://{}", self.address);
        let window = within("a browser", WebDriver::new(&address, capabilities))
            .await
            .expect("a browser");
        Browser {
            window,
            driver: self.address,
            _profile: profile,
        }
    }
}

/// One person's browser.
pub struct Browser {
    /// The WebDriver session, for what this type has no words for.
    pub window: WebDriver,
    driver: SocketAddr,
    _profile: TempDir,
}

impl Browser {
    /// Opens a page.
    pub async fn visit(&self, url: &str) {
        within("the page", self.window.goto(url))
            .await
            .expect("a page");
    }

    /// Runs a script in every page from here on, before its own.
    pub async fn before_each_page(&self, script: &str) {
        let session = self.window.session_id().to_string();
        let path = format!("/session/{session}/goog/cdp/execute");
        let command = json!({
            "cmd": "Page.addScriptToEvaluateOnNewDocument",
            "params": { "source": script },
        });
        let answer = Asking::post(self.driver, &path, command.to_string()).send();
        assert_eq!(answer.await.status(), 200, "{script}");
    }

    /// Opens a page and signs in, if the page asks who is there.
    pub async fn visit_as(&self, url: &str, nickname: &str) {
        self.visit(url).await;
        let input = self.find("nickname-input").await;
        input.send_keys(nickname).await.expect("a text field");
        self.click("nickname-submit").await;
        self.live().await;
    }

    /// Waits until the connection badge says that the line is up.
    pub async fn live(&self) {
        self.badge("live").await;
    }

    /// Waits until the connection badge has this status.
    pub async fn badge(&self, status: &str) {
        let selector = format!("[data-testid=badge][data-status={status}]");
        until(&format!("the badge to say {status}"), async || {
            self.window.find(By::Css(&selector)).await.ok()
        })
        .await;
    }

    /// Waits until the line is up over this transport.
    pub async fn live_over(&self, transport: &str) {
        let selector = format!("[data-testid=badge][data-status=live][data-transport={transport}]");
        until(&format!("a line over {transport}"), async || {
            self.window.find(By::Css(&selector)).await.ok()
        })
        .await;
    }

    /// Waits for an element by its test id.
    pub async fn find(&self, id: &str) -> WebElement {
        let selector = format!("[data-testid={id}]");
        until(id, async || self.window.find(By::Css(&selector)).await.ok()).await
    }

    /// Tells whether an element is there now.
    pub async fn has(&self, id: &str) -> bool {
        self.window
            .find(By::Css(format!("[data-testid={id}]")))
            .await
            .is_ok()
    }

    /// Clicks on an element when it can be clicked.
    pub async fn click(&self, id: &str) {
        let selector = format!("[data-testid={id}]");
        until(&format!("{id} to be clickable"), async || {
            self.window
                .find(By::Css(&selector))
                .await
                .ok()?
                .click()
                .await
                .ok()
        })
        .await;
    }

    /// The texts of all elements with a test id, from top to bottom.
    pub async fn texts(&self, id: &str) -> Vec<String> {
        let script = "return [...document.querySelectorAll(`[data-testid=${arguments[0]}]`)].map(it => it.textContent.trim())";
        let texts = self
            .window
            .execute(script, vec![id.into()])
            .await
            .expect("a script");
        texts.convert().expect("a list of texts")
    }

    /// Waits until the texts of all elements with a test id satisfy `wanted`.
    pub async fn until_texts(&self, id: &str, wanted: impl Fn(&[String]) -> bool) -> Vec<String> {
        until(&format!("the texts of {id}"), async || {
            let texts = self.texts(id).await;
            wanted(&texts).then_some(texts)
        })
        .await
    }

    /// Waits until somebody has said `text`.
    pub async fn hears(&self, text: &str) {
        self.until_texts("message-text", |texts| texts.iter().any(|it| it == text))
            .await;
    }

    /// Says something in the room that is open.
    pub async fn say(&self, text: &str) {
        self.find("composer")
            .await
            .send_keys(text)
            .await
            .expect("a text field");
        self.find("composer")
            .await
            .send_keys(Key::Enter + "")
            .await
            .expect("a text field");
    }

    /// Runs a script in the page.
    pub async fn run(&self, script: &str) -> serde_json::Value {
        self.window
            .execute(script, Vec::new())
            .await
            .expect("a script")
            .json()
            .clone()
    }

    /// Makes the window this large.
    pub async fn resize(&self, width: u32, height: u32) {
        self.window
            .set_window_rect(0, 0, width, height)
            .await
            .expect("a window");
    }

    /// Leaves a picture for people in `tests/screenshots`, which git ignores.
    pub async fn screenshot(&self, name: &str) {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("screenshots");
        std::fs::create_dir_all(&folder).expect("a folder for pictures");
        // Let the last transition finish; a picture is for people, nothing depends on it.
        tokio::time::sleep(Duration::from_millis(300)).await;
        let _ = self
            .window
            .screenshot(&folder.join(format!("{name}.png")))
            .await;
    }
}
