//! What the box learned, on disk: written after every shot, read at a start.
//!
//! One file, `belief`, in the data folder: a line with format and SHA-256 of the rest, then JSON. It is replaced whole or not at
//! all, and belongs to one mold and one release. A file that is damaged or belongs elsewhere is set aside, never deleted: the
//! box then starts from its prior and says so.

use std::io;
use std::path::{Path, PathBuf};

use appliance_pipeline::keeper::Keeper;
use appliance_pipeline::memory::Memory;
use models_infer::release::sha256;
use models_physics::mold::Mold;
use serde::{Deserialize, Serialize};

use crate::snapshot::now_ms;

/// First word of the file, with the version of its format.
const HEAD: &str = "moldsight-belief 1";
/// Files of other molds and damaged ones that are kept.
const SET_ASIDE: u32 = 20;

/// What a belief belongs to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bound {
    /// Name of the mold.
    pub mold: String,
    /// SHA-256 of its description as this program reads it.
    pub mold_sha256: String,
    /// SHA-256 of the weights; empty without a release.
    pub weights_sha256: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Body {
    bound: Bound,
    written_ms: i64,
    memory: Memory,
}

/// What a start found.
#[derive(Clone, Debug, PartialEq)]
pub enum Recalled {
    /// No file: the first start with this folder.
    Nothing,
    /// The box goes on from where it was, this many seconds ago by the clock.
    Back {
        /// Seconds.
        away_s: f64,
    },
    /// A file that cannot be used.
    SetAside {
        /// Why.
        reason: String,
        /// Where it is now; where it was, if the disk refuses to move it.
        file: PathBuf,
    },
}

/// The file.
#[derive(Clone, Debug)]
pub struct BeliefFile {
    path: PathBuf,
    bound: Bound,
}

impl BeliefFile {
    /// In the data folder, for a mold and the keeper's release.
    pub fn new(data: &Path, mold: &Mold, keeper: &Keeper) -> Self {
        let weights = keeper.network().map(|n| n.about.weights_sha256.clone());
        Self {
            path: data.join("belief"),
            bound: Bound {
                mold: mold.name.clone(),
                mold_sha256: sha256(format!("{mold:?}").as_bytes()),
                weights_sha256: weights.unwrap_or_default(),
            },
        }
    }

    /// Writes what the keeper knows now. Waits for the disk.
    ///
    /// # Errors
    /// When the disk refuses; the file of the shot before is still there then.
    pub fn save(&self, keeper: &Keeper) -> io::Result<()> {
        let body = Body {
            bound: self.bound.clone(),
            written_ms: now_ms(),
            memory: keeper.memory(),
        };
        let body = serde_json::to_string(&body).map_err(io::Error::other)?;
        let text = format!("{HEAD} {}\n{body}\n", sha256(body.as_bytes()));
        crate::keep::write(&self.path, text.as_bytes())
    }

    /// Lets the keeper go on from the file, if it is whole and its own.
    pub fn recall(&self, keeper: &mut Keeper) -> Recalled {
        let text = match std::fs::read(&self.path) {
            Ok(bytes) => bytes,
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Recalled::Nothing,
            Err(e) => {
                return Recalled::SetAside {
                    reason: e.to_string(),
                    file: self.path.clone(),
                };
            }
        };
        let read = self.read(&text).and_then(|body| {
            let away_s = (now_ms() - body.written_ms) as f64 * 1e-3;
            let recalled = keeper.recall(&body.memory, away_s);
            recalled.map(|()| away_s).map_err(|e| e.to_string())
        });
        match read {
            Ok(away_s) => Recalled::Back { away_s },
            Err(reason) => Recalled::SetAside {
                reason,
                file: self.set_aside(),
            },
        }
    }

    fn read(&self, text: &[u8]) -> Result<Body, String> {
        let text = std::str::from_utf8(text).map_err(|_| "it is damaged: no text".to_owned())?;
        let (head, body) = text.split_once('\n').unwrap_or((text, ""));
        let body = body.trim_end_matches('\n');
        let sum = head
            .strip_prefix(HEAD)
            .ok_or_else(|| format!("it is not of the format `{HEAD}`"))?;
        if sum.trim() != sha256(body.as_bytes()) {
            return Err("it is damaged: its checksum is another".into());
        }
        let body: Body = serde_json::from_str(body).map_err(|e| format!("it is damaged: {e}"))?;
        let (theirs, ours) = (&body.bound, &self.bound);
        if theirs.mold != ours.mold {
            return Err(format!("it belongs to mold `{}`", theirs.mold));
        }
        if theirs.mold_sha256 != ours.mold_sha256 {
            return Err(format!(
                "mold `{}` was described differently then",
                ours.mold
            ));
        }
        if theirs.weights_sha256 != ours.weights_sha256 {
            return Err("it belongs to another release".into());
        }
        Ok(body)
    }

    fn set_aside(&self) -> PathBuf {
        let aside = |n: u32| self.path.with_extension(format!("set-aside-{n}"));
        let free = (1..SET_ASIDE).find(|n| !aside(*n).exists());
        let to = aside(free.unwrap_or(SET_ASIDE));
        match std::fs::rename(&self.path, &to) {
            Ok(()) => to,
            Err(_) => self.path.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use appliance_pipeline::trust::TrustState;

    fn keeper(mold: &Mold) -> Keeper {
        Keeper::new(mold, None, &[mold.sensors[0].name.clone()]).unwrap()
    }

    fn mold(name: &str) -> Mold {
        models_physics::molds::builtin(name).unwrap()
    }

    /// A keeper that is sure of its first latent.
    fn learned(mold: &Mold) -> Keeper {
        let mut keeper = keeper(mold);
        let mut sure = keeper.belief.memory();
        let n = sure.covariance.len().isqrt();
        for k in 0..n {
            (sure.covariance[k], sure.covariance[k * n]) = (0.0, 0.0);
        }
        sure.covariance[0] = 1e-6;
        keeper.belief = keeper.belief.with(&sure).unwrap();
        keeper.trust.state = TrustState::Trusted;
        keeper
    }

    #[test]
    fn what_was_learned_is_there_after_a_restart() {
        let folder = tempfile::tempdir().unwrap();
        let mold = mold("strip-ps");
        let before = learned(&mold);
        let file = BeliefFile::new(folder.path(), &mold, &before);
        let mut after = keeper(&mold);
        assert_eq!(file.recall(&mut after), Recalled::Nothing);
        file.save(&before).unwrap();
        let Recalled::Back { away_s } = file.recall(&mut after) else {
            panic!("not back");
        };
        assert!(away_s < 10.0);
        for i in 0..models_physics::latents::COUNT {
            let (was, is) = (before.belief.mean[i], after.belief.mean[i]);
            assert!((is - was).abs() <= 1e-9 * was.abs(), "{was} {is}");
            let (was, is) = (before.belief.sd(i), after.belief.sd(i));
            assert!((is - was).abs() <= 1e-9 * was, "{was} {is}");
        }
        assert_eq!(after.trust.state, TrustState::Learning);
    }

    #[test]
    fn a_damaged_or_foreign_file_is_set_aside_and_the_box_starts_from_its_prior() {
        let folder = tempfile::tempdir().unwrap();
        let (strip, plate) = (mold("strip-ps"), mold("plate-ps"));
        let before = learned(&strip);
        let file = BeliefFile::new(folder.path(), &strip, &before);
        let path = folder.path().join("belief");
        file.save(&before).unwrap();
        let good = std::fs::read(&path).unwrap();
        // Every torn length and one wrong byte at many places.
        for k in (0..good.len() - 2).step_by(97) {
            let mut flipped = good.clone();
            flipped[k] ^= 1;
            for bad in [&good[..k], &flipped] {
                std::fs::write(&path, bad).unwrap();
                let mut fresh = keeper(&strip);
                let found = file.recall(&mut fresh);
                let Recalled::SetAside { file: aside, .. } = found else {
                    panic!("{k}: {found:?}");
                };
                assert_eq!(std::fs::read(aside).unwrap(), bad);
                assert_eq!(fresh.belief, keeper(&strip).belief);
            }
        }
        std::fs::write(&path, &good).unwrap();
        let mut other = keeper(&plate);
        let found = BeliefFile::new(folder.path(), &plate, &other).recall(&mut other);
        let Recalled::SetAside { reason, .. } = found else {
            panic!("{found:?}");
        };
        assert!(reason.contains("strip-ps"), "{reason}");
        assert_eq!(other.belief, keeper(&plate).belief);
        assert!(!path.exists());
    }
}
