//! Mounts: small file systems, and disks in a file. Everything is undone when it is dropped.

use std::fs::{self, File};
use std::io::Write;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

/// Files that are made and synced one by one to fill a journal of 4 MB, some blocks for each.
const BREAK_IN_FILES: usize = 600;

/// The bytes at the front of an image in which the tables of a file system are.
const TABLES_LEN: usize = 1 << 20;

/// A mounted file system.
#[derive(Debug)]
pub(super) struct Mount {
    path: PathBuf,
    /// The loop device below it.
    device: Option<String>,
}

/// Fails unless this process may mount file systems and attach loop devices.
pub(super) fn check(needs_loop: bool) -> Result<()> {
    let id = output(Command::new("id").arg("-u"))?;
    if id != "0" {
        bail!("this scenario mounts file systems, which only root may do");
    }
    if needs_loop && !Path::new("/dev/loop-control").exists() {
        bail!("this scenario needs loop devices, and this machine has no /dev/loop-control");
    }
    Ok(())
}

impl Mount {
    /// Mounts a file system in memory.
    pub(super) fn memory(path: PathBuf, len: u64) -> Result<Self> {
        fs::create_dir_all(&path)?;
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", &format!("size={len}"), "tmpfs"]);
        output(mount.arg(&path))?;
        Ok(Self { path, device: None })
    }

    /// Makes an empty file system in a file. Blocks of it that are not used take no room.
    pub(super) fn format(image: &Path, len: u64) -> Result<()> {
        File::create(image)?.set_len(len)?;
        // What ext4 would write later by itself is written now, while there is room.
        let options = "lazy_itable_init=0,lazy_journal_init=0,nodiscard";
        let mut mkfs = Command::new("mkfs.ext4");
        let layout = [
            "-q", "-F", "-b", "4096", "-m", "0", "-N", "1024", "-J", "size=4",
        ];
        output(mkfs.args(layout).args(["-E", options]).arg(image))?;
        // All tables of one group are at the front. mkfs leaves zeros out, and what is
        // left out has no room below.
        let image = File::options().read(true).write(true).open(image)?;
        let mut tables = vec![0; TABLES_LEN];
        image.read_exact_at(&mut tables, 0)?;
        image.write_all_at(&tables, 0)?;
        Ok(())
    }

    /// Mounts the file system in a file through a loop device.
    pub(super) fn image(image: &Path, path: PathBuf) -> Result<Self> {
        fs::create_dir_all(&path)?;
        let mut losetup = Command::new("losetup");
        let device = output(losetup.args(["--find", "--show"]).arg(image))?;
        let mount = Self {
            path,
            device: Some(device.clone()),
        };
        output(Command::new("mount").arg(&device).arg(&mount.path))?;
        Ok(mount)
    }

    /// Writes every block of the file system's own journal, so that they have their room below. If a
    /// write of those fails, ext4 takes no more writes at all.
    pub(super) fn break_in(&self) -> Result<()> {
        let folder = self.path.join("break-in");
        fs::create_dir(&folder)?;
        for number in 0..BREAK_IN_FILES {
            let file = File::create(folder.join(number.to_string()))?;
            file.sync_all()?;
        }
        fs::remove_dir_all(&folder)?;
        File::open(&self.path)?.sync_all()?;
        Ok(())
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Tells whether the kernel takes no more writes, which ext4 does after a failed write of its
    /// own.
    pub(super) fn is_read_only(&self) -> bool {
        let probe = self.path.join("probe");
        let result = fs::write(&probe, "x");
        let _ = fs::remove_file(&probe);
        // EROFS, and EIO of a journal that has been given up.
        matches!(result, Err(error) if matches!(error.raw_os_error(), Some(30 | 5)))
    }
}

impl Drop for Mount {
    fn drop(&mut self) {
        // A process that was just killed may hold it a moment longer.
        for _ in 0..50 {
            if output(Command::new("umount").arg(&self.path)).is_ok() {
                break;
            }
            std::thread::sleep(std::time::Duration::from_millis(20));
        }
        if let Some(device) = &self.device {
            let _ = output(Command::new("losetup").arg("--detach").arg(device));
        }
    }
}

/// A file that takes all room of a file system.
#[derive(Debug)]
pub(super) struct Ballast(PathBuf);

impl Ballast {
    /// Fills the file system in which `folder` is.
    pub(super) fn fill(folder: &Path) -> Result<Self> {
        let path = folder.join("ballast");
        let mut file = File::create(&path)?;
        while file.write_all(&[1; 1 << 16]).is_ok() {}
        while file.write_all(&[1; 512]).is_ok() {}
        Ok(Self(path))
    }
}

impl Drop for Ballast {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

fn output(command: &mut Command) -> Result<String> {
    let program = command.get_program().to_owned();
    let output = command.output();
    let output = output.with_context(|| format!("cannot start {}", program.display()))?;
    if !output.status.success() {
        let error = String::from_utf8_lossy(&output.stderr).into_owned();
        bail!("{} failed: {}", program.display(), error.trim());
    }
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}
