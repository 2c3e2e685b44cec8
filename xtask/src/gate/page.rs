//! How large the web app's WASM is: as it is, and as browsers get it.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};

use crate::web_build::WebBuild;
use crate::workspace::Workspace;

/// Builds the app if it is not there as it should be, and returns names and bytes.
pub(crate) fn sizes(workspace: &Workspace) -> Result<Vec<(String, u64)>> {
    let app = WebBuild::new(workspace)?;
    ensure!(
        app.is_optimized(),
        "the size is that after wasm-opt and brotli, which need node and npm: install both"
    );
    if !app.is_fresh()? {
        app.build()?;
    }
    sizes_in(&workspace.root.join("web/dist"))
}

fn sizes_in(dist: &Path) -> Result<Vec<(String, u64)>> {
    let forms = [
        ("raw", ".wasm"),
        ("gzip", ".wasm.gz"),
        ("brotli", ".wasm.br"),
    ];
    forms
        .into_iter()
        .map(|(name, ending)| Ok((name.to_owned(), len_of(dist, ending)?)))
        .collect()
}

/// The length of the one file with this ending.
fn len_of(dist: &Path, ending: &str) -> Result<u64> {
    let mut lens = Vec::new();
    for entry in fs::read_dir(dist).with_context(|| format!("no {}", dist.display()))? {
        let entry = entry?;
        if entry.file_name().to_string_lossy().ends_with(ending) {
            lens.push(entry.metadata()?.len());
        }
    }
    let count = lens.len();
    ensure!(
        count == 1,
        "{count} files end in {ending} in {}",
        dist.display()
    );
    Ok(lens[0])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_form_has_one_file() {
        let dist = tempfile::tempdir().expect("a folder");
        let write = |name: &str, len: usize| {
            fs::write(dist.path().join(name), vec![0; len]).expect("a file");
        };
        write("app-1_bg.wasm", 30);
        write("app-1_bg.wasm.gz", 20);
        assert!(sizes_in(dist.path()).is_err(), "no brotli");
        write("app-1_bg.wasm.br", 10);
        let sizes = sizes_in(dist.path()).expect("all forms");
        assert_eq!(
            sizes.iter().map(|it| it.1).collect::<Vec<_>>(),
            [30, 20, 10]
        );
        write("app-2_bg.wasm", 30);
        assert!(sizes_in(dist.path()).is_err(), "which one?");
    }
}
