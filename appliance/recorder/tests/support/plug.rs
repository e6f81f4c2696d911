//! A disk in memory that forgets what was not synced, and refuses when told to.
//!
//! Cruel where a real one may be: a file's name survives only when its folder was synced, its
//! content only when the file was, and a removal or a new name that was not synced is undone.

use appliance_recorder::storage::{AppendFile, Entry, FileLayer};
use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};

#[derive(Clone, Debug, Default)]
struct Content {
    now: Vec<u8>,
    synced: usize,
}

#[derive(Debug, Default)]
struct State {
    files: Vec<Content>,
    names: BTreeMap<PathBuf, usize>,
    synced_names: BTreeMap<PathBuf, usize>,
    refuse: Option<io::ErrorKind>,
    free: Option<u64>,
    hangs: bool,
    lies: Option<Lie>,
    cuts: u64,
}

impl State {
    fn may_write(&self) -> io::Result<()> {
        self.refuse.map_or(Ok(()), |kind| Err(kind.into()))
    }

    fn id(&self, file: &Path) -> io::Result<usize> {
        self.names
            .get(file)
            .copied()
            .ok_or_else(|| io::ErrorKind::NotFound.into())
    }
}

/// What a disk says it has synced and has not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lie {
    /// Content of files.
    Content,
    /// Names in folders.
    Names,
}

/// The disk. Clones are the same disk.
#[derive(Clone, Debug, Default)]
pub struct Plug {
    state: Arc<Mutex<State>>,
    released: Arc<Condvar>,
}

impl Plug {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    /// Power is gone: only what was synced is left, and of every tail the first `kept` part, its
    /// last bytes changed when `garbled`. Handles opened before are dead.
    pub fn pull(&self, kept: f64, garbled: bool) {
        let mut s = self.state();
        for file in &mut s.files {
            let tail = file.now.len() - file.synced;
            let keep = file.synced + (tail as f64 * kept) as usize;
            file.now.truncate(keep);
            if garbled && keep > file.synced {
                let from = file.synced.max(keep.saturating_sub(7));
                for byte in &mut file.now[from..] {
                    *byte ^= 0x5A;
                }
            }
            file.synced = file.now.len();
        }
        s.names = s.synced_names.clone();
        s.refuse = None;
        s.cuts += 1;
    }

    /// Refuses every write from now on, or no more.
    pub fn refuse(&self, kind: Option<io::ErrorKind>) {
        self.state().refuse = kind;
    }

    /// What the disk says it has left.
    pub fn set_free(&self, bytes: u64) {
        self.state().free = Some(bytes);
    }

    /// Lets syncs hang, or go on.
    pub fn hang(&self, hangs: bool) {
        self.state().hangs = hangs;
        self.released.notify_all();
    }

    /// Says it syncs and does not.
    pub fn lie(&self, about: Lie) {
        self.state().lies = Some(about);
    }

    /// Names of all files.
    pub fn names(&self) -> Vec<PathBuf> {
        self.state().names.keys().cloned().collect()
    }

    /// Flips a byte in the middle of a file.
    pub fn damage(&self, file: &Path) {
        let mut s = self.state();
        let id = s.id(file).unwrap();
        let middle = s.files[id].now.len() / 2;
        s.files[id].now[middle] ^= 1;
    }
}

#[derive(Debug)]
struct Handle {
    disk: Plug,
    id: usize,
    cuts: u64,
}

impl AppendFile for Handle {
    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        let mut s = self.disk.state();
        assert_eq!(s.cuts, self.cuts, "a file opened before the cut is used");
        if let Err(error) = s.may_write() {
            // A full disk takes what still fits.
            let some = bytes.len() / 3;
            s.files[self.id].now.extend_from_slice(&bytes[..some]);
            return Err(error);
        }
        s.files[self.id].now.extend_from_slice(bytes);
        Ok(())
    }

    fn sync(&mut self) -> io::Result<()> {
        let mut s = self.disk.state();
        while s.hangs {
            s = self.disk.released.wait(s).unwrap();
        }
        s.may_write()?;
        if s.lies == Some(Lie::Content) {
            return Ok(());
        }
        let file = &mut s.files[self.id];
        file.synced = file.now.len();
        Ok(())
    }
}

impl FileLayer for Plug {
    fn create_dir_all(&self, _: &Path) -> io::Result<()> {
        self.state().may_write()
    }

    fn create(&self, file: &Path) -> io::Result<Box<dyn AppendFile>> {
        let mut s = self.state();
        s.may_write()?;
        if s.names.contains_key(file) {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        s.files.push(Content::default());
        let id = s.files.len() - 1;
        s.names.insert(file.to_owned(), id);
        Ok(Box::new(Handle {
            disk: self.clone(),
            id,
            cuts: s.cuts,
        }))
    }

    fn read(&self, file: &Path) -> io::Result<Vec<u8>> {
        let s = self.state();
        Ok(s.files[s.id(file)?].now.clone())
    }

    fn list(&self, dir: &Path) -> io::Result<Vec<Entry>> {
        let s = self.state();
        let within = s
            .names
            .iter()
            .filter(|(name, _)| name.parent() == Some(dir));
        Ok(within
            .map(|(name, &id)| Entry {
                name: name.file_name().unwrap().to_str().unwrap().to_owned(),
                len: s.files[id].now.len() as u64,
                is_dir: false,
            })
            .collect())
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        let mut s = self.state();
        s.may_write()?;
        let id = s.id(from)?;
        s.names.remove(from);
        s.names.insert(to.to_owned(), id);
        Ok(())
    }

    fn remove(&self, file: &Path) -> io::Result<()> {
        let mut s = self.state();
        // A full disk lets go of a file, a read-only one does not.
        if s.refuse == Some(io::ErrorKind::ReadOnlyFilesystem) {
            s.may_write()?;
        }
        s.id(file)?;
        s.names.remove(file);
        Ok(())
    }

    fn truncate(&self, file: &Path, len: u64) -> io::Result<()> {
        let mut s = self.state();
        s.may_write()?;
        let id = s.id(file)?;
        let content = &mut s.files[id];
        content.now.truncate(len as usize);
        content.synced = content.now.len();
        Ok(())
    }

    fn sync_dir(&self, dir: &Path) -> io::Result<()> {
        let mut s = self.state();
        s.may_write()?;
        if s.lies == Some(Lie::Names) {
            return Ok(());
        }
        s.synced_names.retain(|name, _| name.parent() != Some(dir));
        let now: Vec<_> = s
            .names
            .iter()
            .filter(|(name, _)| name.parent() == Some(dir))
            .map(|(name, id)| (name.clone(), *id))
            .collect();
        s.synced_names.extend(now);
        Ok(())
    }

    fn free_bytes(&self, _: &Path) -> io::Result<u64> {
        Ok(self.state().free.unwrap_or(u64::MAX))
    }
}
