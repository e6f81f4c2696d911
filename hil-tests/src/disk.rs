//! Small disks of a test's own: one in memory, and one in a file that can be told to fail. Both need root.

use std::path::{Path, PathBuf};
use std::process::Command;

/// A mounted disk, gone when dropped.
#[derive(Debug)]
pub struct SmallDisk {
    at: PathBuf,
    /// The device, where it is a file.
    device: Option<String>,
}

/// True where this test may mount; otherwise it says that it proves nothing.
pub fn may_mount() -> bool {
    let may = rustix::process::geteuid().is_root();
    if !may {
        println!("not proven here: only root may mount a disk of its own");
    }
    may
}

/// Runs a program of the system.
///
/// # Panics
/// When it fails.
fn system(program: &str, arguments: &[&str]) {
    let done = Command::new(program).args(arguments).output();
    let done = done.unwrap_or_else(|e| panic!("{program}: {e}"));
    let told = String::from_utf8_lossy(&done.stderr);
    assert!(done.status.success(), "{program} {arguments:?}: {told}");
}

fn text(path: &Path) -> &str {
    path.to_str().expect("paths of tests are text")
}

impl SmallDisk {
    /// In memory, `mib` mebibytes.
    ///
    /// # Panics
    /// When it cannot be mounted.
    pub fn in_memory(at: &Path, mib: u32) -> Self {
        std::fs::create_dir_all(at).expect("a folder");
        system(
            "mount",
            &[
                "-t",
                "tmpfs",
                "-o",
                &format!("size={mib}m"),
                "none",
                text(at),
            ],
        );
        Self {
            at: at.into(),
            device: None,
        }
    }

    /// ext4 in a file, which goes read-only at its first error, as disks of boxes are mounted.
    ///
    /// # Panics
    /// When it cannot be made.
    pub fn in_file(at: &Path, mib: u64) -> Self {
        std::fs::create_dir_all(at).expect("a folder");
        let file = at.with_extension("img");
        let image = std::fs::File::create(&file).expect("a file");
        image.set_len(mib << 20).expect("room");
        system("mkfs.ext4", &["-q", text(&file)]);
        system(
            "mount",
            &["-o", "loop,errors=remount-ro", text(&file), text(at)],
        );
        let mounts = std::fs::read_to_string("/proc/self/mounts").expect("the mounts");
        let device = mounts.lines().find_map(|l| {
            let mut words = l.split_whitespace();
            let (device, place) = (words.next()?, words.next()?);
            (place == text(at)).then(|| device.trim_start_matches("/dev/").to_owned())
        });
        Self {
            at: at.into(),
            device,
        }
    }

    /// Makes it read-only or writable again.
    ///
    /// # Panics
    /// When the system refuses, as it does while a file is open for writing.
    pub fn remount(&self, options: &str) {
        system(
            "mount",
            &["-o", &format!("remount,{options}"), text(&self.at)],
        );
    }

    /// The disk reports an error and goes read-only, whoever writes.
    ///
    /// # Panics
    /// When it is none in a file.
    pub fn fail(&self) {
        let device = self.device.as_ref().expect("a disk in a file");
        let trigger = format!("/sys/fs/ext4/{device}/trigger_fs_error");
        std::fs::write(trigger, "a test").expect("the kernel takes it");
    }

    /// Leaves no room; the file that takes it.
    ///
    /// # Panics
    /// When it is not full after all.
    pub fn fill(&self) -> PathBuf {
        let ballast = self.at.join("ballast");
        let mut file = std::fs::File::create(&ballast).expect("a file");
        let mut chunk = vec![0_u8; 1 << 16];
        while chunk.len() >= 512 {
            if std::io::Write::write_all(&mut file, &chunk).is_err() {
                chunk.truncate(chunk.len() / 2);
            }
        }
        ballast
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // Lazy: whatever a failed test left open must not keep the mount.
        let _ = Command::new("umount").args(["-l", text(&self.at)]).output();
    }
}
