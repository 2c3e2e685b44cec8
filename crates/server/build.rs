//! Rebuilds the server when the web app inside it was built anew.
//!
//! Cargo watches only Rust sources by itself. A watched path that does not exist counts as
//! changed in every build, so that the folder above stands in until the web app is there.

use std::path::Path;

fn main() {
    let dist = Path::new("../../web/dist");
    let watched = if dist.exists() {
        dist
    } else {
        Path::new("../../web")
    };
    println!("cargo::rerun-if-changed={}", watched.display());
}
