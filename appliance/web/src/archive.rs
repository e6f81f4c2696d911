//! Folders in one file: a release comes in as zip or tar, an export goes out as zip.
//!
//! What comes in is somebody else's: only plain files and folders with plain names inside the
//! folder are written, and only so many bytes, whatever the archive claims about itself.

use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Component, Path, PathBuf};

use crate::problem::Refusal;

/// Bytes a release may have unpacked.
const LARGEST: u64 = 512 * 1024 * 1024;
/// Files a release may have.
const MOST: usize = 1000;

/// Unpacks an archive into an empty folder. Gives the folder of the release: the one at the top of the archive where it has one.
pub(crate) fn unpack(mut archive: File, into: &Path) -> Result<PathBuf, Refusal> {
    let mut magic = [0; 4];
    let zipped = archive.read_exact(&mut magic).is_ok() && magic == *b"PK\x03\x04";
    archive
        .seek(SeekFrom::Start(0))
        .map_err(|error| Refusal::failed("reading the upload", &error))?;
    let mut room = Room {
        into,
        bytes: LARGEST,
        files: MOST,
    };
    if zipped {
        unzip(archive, &mut room)
    } else {
        untar(archive, &mut room)
    }?;
    if room.files == MOST {
        return Err(bad("there is no file in it"));
    }
    Ok(top(into))
}

/// Writes a folder as a zip, flat files and folders alike, to anything that takes bytes.
pub(crate) fn pack(folder: &Path, out: impl Write) -> io::Result<()> {
    let mut zip = zip::ZipWriter::new_stream(out);
    let mut waiting = vec![folder.to_owned()];
    while let Some(at) = waiting.pop() {
        let mut entries = fs::read_dir(&at)?.collect::<Result<Vec<_>, _>>()?;
        entries.sort_by_key(fs::DirEntry::file_name);
        for entry in entries {
            let path = entry.path();
            if entry.file_type()?.is_dir() {
                waiting.push(path);
                continue;
            }
            let name = path
                .strip_prefix(folder)
                .map_err(io::Error::other)?
                .to_string_lossy()
                .into_owned();
            let large = entry.metadata()?.len() > u64::from(u32::MAX / 2);
            zip.start_file(
                name,
                zip::write::SimpleFileOptions::default().large_file(large),
            )
            .map_err(io::Error::other)?;
            io::copy(&mut File::open(&path)?, &mut zip)?;
        }
    }
    zip.finish().map_err(io::Error::other)?.into_inner().flush()
}

/// What is still allowed.
struct Room<'a> {
    into: &'a Path,
    bytes: u64,
    files: usize,
}

impl Room<'_> {
    fn place(&self, name: &Path) -> Result<PathBuf, Refusal> {
        let mut place = self.into.to_owned();
        for part in name.components() {
            match part {
                Component::Normal(part) => place.push(part),
                Component::CurDir => {}
                _ => return Err(bad(&format!("`{}` would leave the folder", name.display()))),
            }
        }
        Ok(place)
    }

    fn folder(&self, name: &Path) -> Result<(), Refusal> {
        fs::create_dir_all(self.place(name)?)
            .map_err(|error| Refusal::failed("unpacking a folder", &error))
    }

    fn file(&mut self, name: &Path, from: impl Read) -> Result<(), Refusal> {
        let place = self.place(name)?;
        self.files = self
            .files
            .checked_sub(1)
            .ok_or_else(|| bad("it has too many files"))?;
        let failed =
            |error: io::Error| bad(&format!("`{}` cannot be unpacked: {error}", name.display()));
        if let Some(parent) = place.parent() {
            fs::create_dir_all(parent).map_err(failed)?;
        }
        // `create_new`: a second file of the same name is a trick, not a release.
        let mut file = File::create_new(place).map_err(failed)?;
        let written = io::copy(&mut from.take(self.bytes + 1), &mut file).map_err(failed)?;
        self.bytes = self
            .bytes
            .checked_sub(written)
            .ok_or_else(|| bad("it is larger than 512 MB unpacked"))?;
        Ok(())
    }
}

fn unzip(archive: File, room: &mut Room<'_>) -> Result<(), Refusal> {
    let mut zip = zip::ZipArchive::new(archive).map_err(|error| bad(&error.to_string()))?;
    for at in 0..zip.len() {
        let entry = zip.by_index(at).map_err(|error| bad(&error.to_string()))?;
        let name = PathBuf::from(
            entry
                .name()
                .map_err(|error| bad(&error.to_string()))?
                .into_owned(),
        );
        if entry.is_dir() {
            room.folder(&name)?;
        } else if entry.is_file() {
            room.file(&name, entry)?;
        } else {
            return Err(bad(&format!(
                "`{}` is neither a file nor a folder",
                name.display()
            )));
        }
    }
    Ok(())
}

fn untar(archive: File, room: &mut Room<'_>) -> Result<(), Refusal> {
    let mut tar = tar::Archive::new(archive);
    for entry in tar.entries().map_err(|error| bad(&error.to_string()))? {
        let entry = entry.map_err(|error| bad(&error.to_string()))?;
        let name = entry
            .path()
            .map_err(|error| bad(&error.to_string()))?
            .into_owned();
        match entry.header().entry_type() {
            tar::EntryType::Directory => room.folder(&name)?,
            tar::EntryType::Regular => room.file(&name, entry)?,
            tar::EntryType::XGlobalHeader | tar::EntryType::XHeader => {}
            _ => {
                return Err(bad(&format!(
                    "`{}` is neither a file nor a folder",
                    name.display()
                )));
            }
        }
    }
    Ok(())
}

/// Follows folders that hold one folder and nothing else.
fn top(folder: &Path) -> PathBuf {
    let mut at = folder.to_owned();
    while let Ok(entries) = fs::read_dir(&at) {
        let mut paths = entries.filter_map(Result::ok).map(|entry| entry.path());
        match (paths.next(), paths.next()) {
            (Some(only), None) if only.is_dir() => at = only,
            _ => break,
        }
    }
    at
}

fn bad(reason: &str) -> Refusal {
    Refusal::nonsense("release", &format!("is no usable zip or tar: {reason}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tarred(name: &str, kind: tar::EntryType) -> File {
        let mut header = tar::Header::new_gnu();
        // Written by hand: the library itself refuses to write such names.
        header.as_mut_bytes()[..name.len()].copy_from_slice(name.as_bytes());
        header.set_size(2);
        header.set_entry_type(kind);
        header.set_cksum();
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(header.as_bytes()).unwrap();
        file.write_all(b"x\n").unwrap();
        file.write_all(&[0; 510 + 1024]).unwrap();
        file.seek(SeekFrom::Start(0)).unwrap();
        file
    }

    #[test]
    fn a_packed_folder_comes_out_as_it_went_in() {
        let (from, into) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        fs::create_dir_all(from.path().join("plate-001/deep")).unwrap();
        fs::write(from.path().join("plate-001/model.toml"), "a = 1\n").unwrap();
        fs::write(from.path().join("plate-001/deep/w.bin"), [7; 70_000]).unwrap();
        let mut file = tempfile::tempfile().unwrap();
        pack(from.path(), &mut file).unwrap();
        file.seek(SeekFrom::Start(0)).unwrap();
        let root = unpack(file, into.path()).unwrap();
        assert_eq!(root, into.path().join("plate-001"));
        assert_eq!(
            fs::read_to_string(root.join("model.toml")).unwrap(),
            "a = 1\n"
        );
        assert_eq!(fs::read(root.join("deep/w.bin")).unwrap(), [7; 70_000]);
    }

    #[test]
    fn nothing_is_written_outside_the_folder() {
        let outer = tempfile::tempdir().unwrap();
        let into = outer.path().join("in");
        fs::create_dir(&into).unwrap();
        for name in ["../evil", "a/../../evil", "/tmp/moldsight-evil"] {
            assert!(
                unpack(tarred(name, tar::EntryType::Regular), &into).is_err(),
                "{name}"
            );
        }
        assert!(!outer.path().join("evil").exists());
        assert!(!Path::new("/tmp/moldsight-evil").exists());
    }

    #[test]
    fn links_and_rubbish_are_refused() {
        let into = tempfile::tempdir().unwrap();
        assert!(unpack(tarred("link", tar::EntryType::Symlink), into.path()).is_err());
        let mut rubbish = tempfile::tempfile().unwrap();
        rubbish
            .write_all(b"PK\x03\x04 and then nothing of use")
            .unwrap();
        assert!(unpack(rubbish, into.path()).is_err());
        assert!(unpack(tempfile::tempfile().unwrap(), into.path()).is_err());
    }
}
