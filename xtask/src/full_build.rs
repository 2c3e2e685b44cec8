//! `cargo xtask build`: from a fresh clone to a server with the web app inside.
//!
//! On a first run trunk has to be compiled, which takes as long as everything else together;
//! it is compiled beside the rest.

use std::thread;

use anyhow::Result;

use crate::process;
use crate::tools::{trunk, wasm_bindgen, wasm_target};
use crate::web_build::WebBuild;
use crate::workspace::Workspace;

/// Leaves `target/release/trunkline`.
pub(crate) fn build(workspace: &Workspace) -> Result<()> {
    wasm_target::ensure()?;
    let web = WebBuild::new(workspace)?;
    if !web.is_fresh()? {
        if !trunk::is_ready() {
            beside_trunk(workspace, &web)?;
        }
        web.build()?;
    }
    server(workspace, &web)
}

/// Compiles all that can be compiled without trunk, while trunk is compiled.
fn beside_trunk(workspace: &Workspace, web: &WebBuild<'_>) -> Result<()> {
    thread::scope(|scope| {
        // Its error is not lost: whoever needs trunk next tries again and tells.
        let trunk = scope.spawn(trunk::ensure);
        let result = wasm_bindgen::ensure(workspace)
            .and_then(|_| web.compile_ahead())
            .and_then(|()| server(workspace, web));
        match result {
            Ok(()) => drop(trunk.join()),
            Err(_) => process::cancel_aside(),
        }
        result
    })
}

/// Compiles the server. The environment tells it when the first build of the app has come.
fn server(workspace: &Workspace, web: &WebBuild<'_>) -> Result<()> {
    let mut cargo = workspace.cargo();
    if web.is_fresh()? {
        cargo.env("TRUNKLINE_WEB_APP", web.inputs());
    }
    cargo.args([
        "build",
        "--release",
        "--package",
        "trunkline-server",
        "--bin",
        "trunkline",
    ]);
    process::run(&mut cargo)
}
