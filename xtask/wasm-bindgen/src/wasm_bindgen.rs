//! The `wasm-bindgen` command line, built from the version in our Cargo.lock.
//!
//! `cargo install` would use a lock file of its own, and the two versions must agree.

fn main() {
    if let Err(error) = wasm_bindgen_cli::wasm_bindgen::run_cli_with_args(std::env::args_os()) {
        eprintln!("error: {error:?}");
        std::process::exit(1);
    }
}
