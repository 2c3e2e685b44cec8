//! Rust's standard library for the browser.

use std::path::Path;

use anyhow::{Context, Result};

use crate::process;

/// Adds the WASM target to the toolchain in use if it is not there.
///
/// rust-toolchain.toml names it, but rustup ignores that where automatic installation is off.
pub(crate) fn ensure() -> Result<()> {
    let sysroot = process::capture(process::command("rustc").args(["--print", "sysroot"]))?;
    let library = Path::new(sysroot.trim())
        .join("lib/rustlib")
        .join(TARGET)
        .join("lib");
    if library.is_dir() {
        return Ok(());
    }
    eprintln!("==> adding {TARGET}: the web app is compiled for it");
    process::run(process::command("rustup").args(["target", "add", TARGET])).with_context(|| {
        format!("the web app needs Rust's {TARGET} target: get rustup and a network, or add it")
    })
}

/// The browser, as rustc calls it.
pub(crate) const TARGET: &str = "wasm32-unknown-unknown";
