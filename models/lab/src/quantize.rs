//! `moldlab quantize`: a release with 8-bit weights from one without.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use models_infer::kernel::Precision;
use models_infer::release::{Description, FORMAT_INT8, Quantised, Release, WEIGHTS, sha256};
use models_pinn::evaluate::errors;
use models_pinn::quantise::{Extra, choose, refusal};

use crate::signature::{self, SignatureArgs};
use crate::train::{find_release, fresh_of, print_errors};
use crate::training::{REPORT, beside};

/// Arguments of `moldlab quantize`.
#[derive(clap::Args)]
#[command(after_help = "\
Example:
  moldlab quantize --weights models/weights/strip-ps-001 --out models/weights/strip-ps-002

The new release holds the float weights unchanged, 8-bit weights beside them (`weights-int8.safetensors`, whole numbers with a
scale for each output) and the errors of both on fresh shots, and is signed. Layers whose 8-bit weights would change pressure by more than
0.15 % of peak or temperature by more than 0.15 K (root mean square over whole shots) stay in single precision.")]
pub struct Args {
    /// Release folder, or the name of a mold: its newest release.
    #[arg(long)]
    weights: String,
    /// Folder of the new release.
    #[arg(long)]
    out: PathBuf,
    #[command(flatten)]
    signature: SignatureArgs,
}

/// Runs the command; false when the 8-bit weights cost too much.
///
/// # Errors
/// A release that cannot be used, a mold that has changed since, or a folder that exists.
pub fn run(args: &Args) -> Result<bool> {
    if args.out.exists() {
        bail!(
            "{}: exists; a release is never edited, use another folder",
            args.out.display()
        );
    }
    let folder = find_release(&args.weights)?;
    let key = args.signature.key()?;
    let work = beside(&args.out, "partial");
    if !add_int8(&folder, None, &work)? {
        return Ok(false);
    }
    let by = signature::sign(&work, &key, &args.signature.signer)?;
    std::fs::rename(&work, &args.out)
        .with_context(|| format!("moving the release to {}", args.out.display()))?;
    println!("release {} written, signed by {by}", args.out.display());
    Ok(true)
}

/// Writes the release of `folder` with 8-bit weights to `out`, the report beside it; false, and nothing written, when they
/// cost too much. `mold` where it is not the shipped one of that name.
///
/// # Errors
/// A release that cannot be used or has 8-bit weights already, or a mold that has changed since.
pub fn add_int8(folder: &Path, mold: Option<&str>, out: &Path) -> Result<bool> {
    let float = Release::load(folder)?;
    if float.has_int8() {
        bail!("{}: has 8-bit weights already", folder.display());
    }
    let path = folder.join(WEIGHTS);
    let bytes = std::fs::read(&path).with_context(|| format!("reading {}", path.display()))?;
    let shots = fresh_of(folder, &float, mold)?;
    let name = &float.about.mold;
    let told = |layers: &[&str], extra: &Extra| {
        println!("{name}: 8-bit weights in {}", layers.join(", "));
        print_extra(extra);
    };
    let Some(chosen) = choose(&float, &shots, told)? else {
        eprintln!(
            "moldlab: {}: no layer bears 8-bit weights",
            folder.display()
        );
        return Ok(false);
    };
    let in_float = errors(&float, &shots)?;
    print_errors(&format!("{name}, float"), &in_float);
    let in_int8 = errors(&chosen.release.in_precision(Precision::Int8), &shots)?;
    print_errors(&format!("{name}, 8-bit weights"), &in_int8);
    if let Some(told) = refusal(&in_float, &in_int8) {
        eprintln!("moldlab: {}: {told}", folder.display());
        return Ok(false);
    }
    let about = Description {
        format: FORMAT_INT8.into(),
        errors: in_float,
        int8: Some(Quantised {
            weights_sha256: sha256(&chosen.int8),
            program: format!("moldlab {}", env!("CARGO_PKG_VERSION")),
            errors: in_int8,
            extra_percent: chosen.extra.percent,
            extra_k: chosen.extra.kelvin,
        }),
        ..float.about.clone()
    };
    // Left by a run that was stopped here.
    if out.exists() {
        std::fs::remove_dir_all(out).with_context(|| format!("removing {}", out.display()))?;
    }
    about.write_with_int8(out, &bytes, &chosen.int8)?;
    copy_report(&folder.join(REPORT), &out.join(REPORT))?;
    println!(
        "8-bit weights in {} ({:.0} kB)",
        chosen.layers.join(", "),
        chosen.int8.len() as f64 * 1e-3
    );
    Ok(true)
}

/// The training report goes along: the float weights are the same.
fn copy_report(from: &Path, to: &Path) -> Result<()> {
    if !from.is_dir() {
        return Ok(());
    }
    let copy = || -> std::io::Result<()> {
        std::fs::create_dir_all(to)?;
        for entry in std::fs::read_dir(from)? {
            let entry = entry?;
            std::fs::copy(entry.path(), to.join(entry.file_name()))?;
        }
        Ok(())
    };
    copy().with_context(|| format!("copying {} to {}", from.display(), to.display()))
}

/// Prints what 8-bit weights change.
pub fn print_extra(e: &Extra) {
    println!(
        "  8-bit against float, root mean square over a shot and everywhere, {} shots",
        e.shots
    );
    println!(
        "  pressure            mean {:.3} %, 95 % of shots below {:.3} % of peak",
        e.percent[0], e.percent[1]
    );
    println!(
        "  temperature         mean {:.3} K, 95 % of shots below {:.3} K",
        e.kelvin[0], e.kelvin[1]
    );
}
