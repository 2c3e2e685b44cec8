//! A real browser and its driver for the tests that look at pages.

use std::path::PathBuf;
use std::sync::Mutex;

use anyhow::{Result, bail};

use super::apt;
use crate::process;

/// Where Chromium and chromedriver are.
#[derive(Debug)]
pub(crate) struct Browser {
    pub(crate) chromium: PathBuf,
    pub(crate) chromedriver: PathBuf,
}

/// Finds Chromium and its driver; installs them where apt is and we are root.
pub(crate) fn ensure() -> Result<Browser> {
    // Two lanes may ask at once, and only one should install.
    let _one = ONE_AT_A_TIME
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner);
    if let Some(browser) = Browser::find()
        && (shows_korean() || !apt::may_install())
    {
        return Ok(browser);
    }
    if apt::may_install() {
        apt::install(
            &PACKAGES,
            "the tests use a real browser, with a font for Korean",
        )?;
    }
    match Browser::find() {
        Some(browser) => Ok(browser),
        None => bail!(
            "the tests need Chromium and chromedriver: install both (Debian: `apt-get install {}`), \
             or set TRUNKLINE_CHROMIUM and TRUNKLINE_CHROMEDRIVER to where they are",
            PACKAGES.join(" ")
        ),
    }
}

static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

/// fontconfig tells which fonts there are.
const PACKAGES: [&str; 4] = ["chromium", "chromium-driver", "fontconfig", "fonts-nanum"];

impl Browser {
    fn find() -> Option<Self> {
        let told = |name: &str| std::env::var_os(name).map(PathBuf::from);
        let names = [
            "chromium",
            "chromium-browser",
            "google-chrome",
            "google-chrome-stable",
        ];
        Some(Self {
            chromium: told("TRUNKLINE_CHROMIUM")
                .or_else(|| names.iter().find_map(|name| process::find(name)))?,
            chromedriver: told("TRUNKLINE_CHROMEDRIVER")
                .or_else(|| process::find("chromedriver"))?,
        })
    }
}

fn shows_korean() -> bool {
    process::probe(process::command("fc-list").arg(":lang=ko"))
        .is_some_and(|fonts| !fonts.is_empty())
}
