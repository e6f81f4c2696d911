//! Who made a release, and that nothing in it has changed: a list of SHA-256 sums, signed with Ed25519 (RFC 8032).
//!
//! ```text
//! SHA256SUMS       a line a file, as `sha256sum --check` reads it
//! signature.toml   who signed, the public key, the signature over SHA256SUMS byte by byte
//! ```

use std::fmt;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use ed25519_dalek::{Signature, Signer, SigningKey, VerifyingKey};
use models_infer::release::{SUMS, sha256};
use serde::{Deserialize, Serialize};

/// The signature over it.
pub const SIGNATURE: &str = "signature.toml";

/// Who signed a release.
#[derive(Clone, Debug)]
pub struct SignedBy {
    /// The name they gave themselves.
    pub name: String,
    /// The public key, hexadecimal: this is what counts.
    pub key: String,
}

impl fmt::Display for SignedBy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (key {})", self.name, self.key)
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct SignatureFile {
    algorithm: String,
    signer: String,
    public_key: String,
    signature: String,
}

const ALGORITHM: &str = "ed25519";

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

fn unhex<const N: usize>(text: &str) -> Option<[u8; N]> {
    let digits = text.trim().as_bytes();
    if digits.len() != 2 * N {
        return None;
    }
    let mut bytes = [0; N];
    for (b, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
        let digit = |d: u8| char::from(d).to_digit(16);
        *b = (16 * digit(pair[0])? + digit(pair[1])?) as u8;
    }
    Some(bytes)
}

/// Arguments of commands that sign.
#[derive(clap::Args)]
pub struct SignatureArgs {
    /// File of the private key (default: release.key in the user's configuration folder).
    #[arg(long)]
    key: Option<PathBuf>,
    /// Who signs, as `verify` will say.
    #[arg(long, default_value = "moldlab")]
    pub signer: String,
}

impl SignatureArgs {
    /// The private key; made where there is none.
    pub fn key(&self) -> Result<SigningKey> {
        match &self.key {
            Some(path) => key(path),
            None => key(&usual_key()?),
        }
    }
}

/// Where the key lies unless told otherwise.
fn usual_key() -> Result<PathBuf> {
    let base = std::env::var_os("XDG_CONFIG_HOME")
        .map(PathBuf::from)
        .or_else(|| std::env::var_os("HOME").map(|h| Path::new(&h).join(".config")))
        .context("neither HOME nor XDG_CONFIG_HOME is set; name a key file with --key")?;
    Ok(base.join("moldsight").join("release.key"))
}

/// Reads a private key, or makes one where there is none; only its owner may read it.
fn key(path: &Path) -> Result<SigningKey> {
    match std::fs::read_to_string(path) {
        Ok(text) => {
            only_owner(path)?;
            let bytes = unhex::<32>(&text).with_context(|| {
                format!("{}: is no key of 64 hexadecimal digits", path.display())
            })?;
            Ok(SigningKey::from_bytes(&bytes))
        }
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => {
            let mut bytes = [0; 32];
            getrandom::fill(&mut bytes).context("drawing a key")?;
            if let Some(folder) = path.parent() {
                std::fs::create_dir_all(folder)
                    .with_context(|| format!("creating {}", folder.display()))?;
            }
            let mut options = std::fs::OpenOptions::new();
            options.write(true).create_new(true);
            #[cfg(unix)]
            std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
            options
                .open(path)
                .and_then(|mut f| writeln!(f, "{}", hex(&bytes)))
                .with_context(|| format!("writing a new key to {}", path.display()))?;
            println!("new key written to {}; keep a copy of it", path.display());
            Ok(SigningKey::from_bytes(&bytes))
        }
        Err(e) => Err(e).with_context(|| format!("reading {}", path.display())),
    }
}

/// Refuses a key that others may read.
fn only_owner(path: &Path) -> Result<()> {
    #[cfg(unix)]
    {
        let mode = std::fs::metadata(path)
            .map(|m| std::os::unix::fs::PermissionsExt::mode(&m.permissions()))
            .with_context(|| format!("reading {}", path.display()))?;
        ensure!(
            mode & 0o077 == 0,
            "{}: others may read this key (mode {:o}); chmod 600 it",
            path.display(),
            mode & 0o777
        );
    }
    Ok(())
}

/// All files of a release but the list and its signature, by name with `/`, sorted.
fn files(folder: &Path) -> Result<Vec<String>> {
    let mut names = Vec::new();
    let mut folders = vec![(folder.to_path_buf(), String::new())];
    while let Some((path, prefix)) = folders.pop() {
        let reading = || format!("reading {}", path.display());
        for entry in std::fs::read_dir(&path).with_context(reading)? {
            let entry = entry.with_context(reading)?;
            let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
            let kind = entry.file_type().with_context(reading)?;
            if kind.is_dir() {
                folders.push((entry.path(), format!("{name}/")));
            } else if kind.is_file() {
                if name != SUMS && name != SIGNATURE {
                    names.push(name);
                }
            } else {
                bail!(
                    "{}: is no plain file; a release has none such",
                    entry.path().display()
                );
            }
        }
    }
    names.sort();
    Ok(names)
}

fn sums(folder: &Path) -> Result<String> {
    let mut text = String::new();
    for name in files(folder)? {
        let path = folder.join(&name);
        let bytes = std::fs::read(&path).with_context(|| format!("reading {}", path.display()))?;
        text += &format!("{}  {name}\n", sha256(&bytes));
    }
    Ok(text)
}

/// Lists and signs everything in a release folder.
pub fn sign(folder: &Path, key: &SigningKey, signer: &str) -> Result<SignedBy> {
    let text = sums(folder)?;
    let by = SignedBy {
        name: signer.into(),
        key: hex(key.verifying_key().as_bytes()),
    };
    let file = SignatureFile {
        algorithm: ALGORITHM.into(),
        signer: by.name.clone(),
        public_key: by.key.clone(),
        signature: hex(&key.sign(text.as_bytes()).to_bytes()),
    };
    for (name, text) in [(SUMS, text), (SIGNATURE, toml::to_string(&file)?)] {
        let path = folder.join(name);
        std::fs::write(&path, text).with_context(|| format!("writing {}", path.display()))?;
    }
    Ok(by)
}

/// Checks a release folder against its list and the list against its signature; `None` where there is neither.
pub fn check(folder: &Path) -> Result<Option<SignedBy>> {
    let (list, signature) = (folder.join(SUMS), folder.join(SIGNATURE));
    if !list.exists() && !signature.exists() {
        return Ok(None);
    }
    let read = |path: &Path| {
        std::fs::read_to_string(path).with_context(|| format!("reading {}", path.display()))
    };
    let (stated, text) = (read(&list)?, read(&signature)?);
    let file: SignatureFile =
        toml::from_str(&text).with_context(|| format!("reading {}", signature.display()))?;
    ensure!(
        file.algorithm == ALGORITHM,
        "{}: algorithm is `{}`; this program knows `{ALGORITHM}`",
        signature.display(),
        file.algorithm
    );
    let valid = || -> Option<()> {
        let key = VerifyingKey::from_bytes(&unhex(&file.public_key)?).ok()?;
        let signature = Signature::from_bytes(&unhex(&file.signature)?);
        key.verify_strict(stated.as_bytes(), &signature).ok()
    };
    ensure!(
        valid().is_some(),
        "{}: the signature is not one of {} by this key: the list was changed after it was signed",
        signature.display(),
        SUMS
    );
    let found = sums(folder)?;
    if found != stated {
        let differs = |a: &str, b: &str| {
            let line = a.lines().find(|l| !b.lines().any(|o| o == *l))?;
            Some(line.get(66..).unwrap_or(line).to_owned())
        };
        let name = differs(&found, &stated)
            .or_else(|| differs(&stated, &found))
            .unwrap_or_else(|| "its order of files".into());
        bail!(
            "{}: `{name}` is not what was signed; copy the release again",
            folder.display()
        );
    }
    Ok(Some(SignedBy {
        name: file.signer,
        key: file.public_key,
    }))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn release(folder: &Path) {
        std::fs::create_dir_all(folder.join("report")).unwrap();
        std::fs::write(folder.join("model.toml"), "format = 1\n").unwrap();
        std::fs::write(folder.join("report/losses.csv"), "a,b\n").unwrap();
    }

    #[test]
    fn a_signed_folder_says_by_whom_and_any_change_shows() {
        let out = tempfile::tempdir().unwrap();
        let (folder, path) = (out.path().join("release"), out.path().join("keys/own.key"));
        release(&folder);
        assert!(check(&folder).unwrap().is_none());
        let by = sign(&folder, &key(&path).unwrap(), "bench 3").unwrap();
        let found = check(&folder).unwrap().unwrap();
        assert_eq!((found.name.as_str(), &found.key), ("bench 3", &by.key));
        // The same key is found again.
        assert_eq!(hex(key(&path).unwrap().verifying_key().as_bytes()), by.key);
        for (name, text) in [
            ("report/losses.csv", "a,c\n"),
            ("model.toml", "format = 2\n"),
            ("more.txt", "new"),
            (SUMS, ""),
        ] {
            let path = folder.join(name);
            let before = std::fs::read(&path).ok();
            std::fs::write(&path, text).unwrap();
            let told = check(&folder).unwrap_err().to_string();
            let named = if name == SUMS { SIGNATURE } else { name };
            assert!(told.contains(named), "{name}: {told}");
            match before {
                Some(bytes) => std::fs::write(&path, bytes).unwrap(),
                None => std::fs::remove_file(&path).unwrap(),
            }
        }
        std::fs::remove_file(folder.join("report/losses.csv")).unwrap();
        assert!(
            check(&folder)
                .unwrap_err()
                .to_string()
                .contains("losses.csv")
        );
        std::fs::remove_file(folder.join(SIGNATURE)).unwrap();
        assert!(check(&folder).is_err());
    }

    /// A list signed anew by another key is valid, but it says another key.
    #[test]
    fn another_key_is_another_signer() {
        let out = tempfile::tempdir().unwrap();
        release(out.path());
        let [own, other] = [[1; 32], [2; 32]].map(|b| SigningKey::from_bytes(&b));
        let by = sign(out.path(), &own, "us").unwrap();
        sign(out.path(), &other, "us").unwrap();
        assert_ne!(check(out.path()).unwrap().unwrap().key, by.key);
        // The other's signature under our key is none.
        let path = out.path().join(SIGNATURE);
        let text = std::fs::read_to_string(&path).unwrap();
        let theirs = hex(other.verifying_key().as_bytes());
        std::fs::write(&path, text.replace(&theirs, &by.key)).unwrap();
        assert!(check(out.path()).is_err());
    }

    #[cfg(unix)]
    #[test]
    fn a_key_is_for_its_owner_alone() {
        use std::os::unix::fs::PermissionsExt;
        let out = tempfile::tempdir().unwrap();
        let path = out.path().join("own.key");
        key(&path).unwrap();
        let mode = || std::fs::metadata(&path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(), 0o600);
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
        assert!(key(&path).unwrap_err().to_string().contains("chmod 600"));
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
        std::fs::write(&path, "not a key").unwrap();
        assert!(key(&path).is_err());
    }
}
