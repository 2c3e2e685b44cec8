//! Debian and Ubuntu packages, where we may install them.

use anyhow::Result;

use crate::process;

/// Whether this is a system with apt, and we are root on it.
pub(crate) fn may_install() -> bool {
    let root = process::probe(process::command("id").arg("-u")).is_some_and(|id| id.trim() == "0");
    root && process::find("apt-get").is_some()
}

/// Installs packages without what they only recommend.
pub(crate) fn install(packages: &[&str], why: &str) -> Result<()> {
    process::still_wanted()?;
    eprintln!("==> installing {} with apt-get: {why}", packages.join(" "));
    let log = std::env::temp_dir().join(format!("trunkline-apt-{}.log", std::process::id()));
    let apt = || {
        let mut apt = process::command("apt-get");
        // Another apt-get may be at work: wait for it instead of failing.
        apt.args(["-o", "DPkg::Lock::Timeout=600"])
            .env("DEBIAN_FRONTEND", "noninteractive");
        apt
    };
    process::run_aside("apt-get update", apt().arg("update"), &log)?;
    let mut install = apt();
    install
        .args(["install", "-y", "--no-install-recommends"])
        .args(packages);
    process::run_aside("apt-get install", &mut install, &log)?;
    let _ = std::fs::remove_file(&log);
    Ok(())
}
