//! Compresses the web app's files once, at the highest level, so that the server never has to.
//!
//! `page.js` gets `page.js.br` and `page.js.gz` beside it where they are smaller.

use std::ffi::OsString;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::fingerprint::files_below;
use crate::process;

/// Compresses what is below `stage`. What `earlier` has with the same bytes is taken from there.
///
/// gzip is made here; brotli by node, which has it built in. Without node there is gzip only.
pub(crate) fn precompress(stage: &Path, earlier: &Path) -> Result<()> {
    let node = process::find("node");
    let mut for_node = Vec::new();
    for file in files_below(stage, &[])?
        .iter()
        .filter(|file| is_compressible(file))
    {
        let bytes = read(file)?;
        let before = earlier.join(file.strip_prefix(stage).unwrap_or(file));
        let same = fs::read(&before).is_ok_and(|old| old == bytes);
        if !(same && copy(&before, file, ".gz")?) {
            keep_if_smaller(&with_ending(file, ".gz"), &gzip(&bytes)?, bytes.len())?;
        }
        if node.is_some() && !(same && copy(&before, file, ".br")?) {
            for_node.push(file.clone());
        }
    }
    match node {
        Some(node) if !for_node.is_empty() => brotli(&node, &for_node),
        _ => Ok(()),
    }
}

/// Takes an earlier result, if there is one.
fn copy(before: &Path, file: &Path, ending: &str) -> Result<bool> {
    let known = with_ending(before, ending);
    if known.exists() {
        keep_if_smaller(&with_ending(file, ending), &read(&known)?, usize::MAX)?;
        return Ok(true);
    }
    Ok(false)
}

fn keep_if_smaller(target: &Path, packed: &[u8], len: usize) -> Result<()> {
    if packed.len() >= len {
        return Ok(());
    }
    fs::write(target, packed).with_context(|| format!("cannot write {}", target.display()))
}

fn is_compressible(file: &Path) -> bool {
    let ending = file.extension().unwrap_or_default().to_string_lossy();
    COMPRESSIBLE.contains(&ending.as_ref())
}

/// Pictures, sound and woff2 fonts are compressed already.
const COMPRESSIBLE: [&str; 12] = [
    "css",
    "html",
    "ico",
    "js",
    "json",
    "mjs",
    "svg",
    "ttf",
    "txt",
    "wasm",
    "webmanifest",
    "xml",
];

/// The brotli crates would take longer to compile than all else in xtask.
fn brotli(node: &Path, files: &[PathBuf]) -> Result<()> {
    process::run(process::command(node).args(["--eval", BROTLI]).args(files))
}

const BROTLI: &str = r#"
const { readFileSync, writeFileSync } = require("node:fs");
const { brotliCompressSync, constants } = require("node:zlib");
for (const file of process.argv.slice(1)) {
    const bytes = readFileSync(file);
    const packed = brotliCompressSync(bytes, {
        params: {
            [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY,
            [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length,
        },
    });
    if (packed.length < bytes.length) writeFileSync(file + ".br", packed);
}
"#;

fn gzip(bytes: &[u8]) -> Result<Vec<u8>> {
    let mut writer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    writer.write_all(bytes)?;
    Ok(writer.finish()?)
}

fn with_ending(file: &Path, ending: &str) -> PathBuf {
    let mut name = OsString::from(file);
    name.push(ending);
    PathBuf::from(name)
}

fn read(file: &Path) -> Result<Vec<u8>> {
    fs::read(file).with_context(|| format!("cannot read {}", file.display()))
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;

    fn compressed() -> (tempfile::TempDir, String) {
        let dir = tempfile::tempdir().expect("a folder");
        let page = "a page of words. ".repeat(200);
        fs::write(dir.path().join("page.html"), &page).expect("a file");
        fs::write(dir.path().join("photo.png"), &page).expect("a file");
        fs::write(dir.path().join("tiny.css"), "a").expect("a file");
        precompress(dir.path(), &dir.path().join("none")).expect("compressed");
        (dir, page)
    }

    #[test]
    fn the_bytes_come_back() {
        let (dir, page) = compressed();
        let packed = fs::read(dir.path().join("page.html.gz")).expect("page.html.gz");
        let mut text = String::new();
        flate2::read::GzDecoder::new(&packed[..])
            .read_to_string(&mut text)
            .expect("gzip");
        assert_eq!(text, page);

        let Some(node) = process::find("node") else {
            eprintln!("no node, so no brotli to test");
            return;
        };
        let unpack = "process.stdout.write(require('zlib').brotliDecompressSync(\
                      require('fs').readFileSync(process.argv[1])))";
        let file = dir.path().join("page.html.br");
        let text = process::capture(process::command(node).args(["--eval", unpack]).arg(file));
        assert_eq!(text.expect("brotli"), page);
    }

    #[test]
    fn pictures_stay_as_they_are_and_nothing_gets_larger() {
        let (dir, _) = compressed();
        for name in ["photo.png.br", "photo.png.gz", "tiny.css.br", "tiny.css.gz"] {
            assert!(!dir.path().join(name).exists(), "{name}");
        }
    }

    #[test]
    fn what_is_known_is_not_compressed_again() {
        let (dir, page) = compressed();
        let next = tempfile::tempdir().expect("a folder");
        fs::write(dir.path().join("page.html.gz"), "known").expect("a file");
        fs::write(next.path().join("page.html"), page).expect("a file");
        precompress(next.path(), dir.path()).expect("compressed");
        let packed = fs::read(next.path().join("page.html.gz")).expect("page.html.gz");
        assert_eq!(packed, b"known");
    }
}
