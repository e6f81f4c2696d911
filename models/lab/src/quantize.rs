//! `moldlab quantize`: a release with 8-bit weights from one without.

use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use models_infer::kernel::Precision;
use models_infer::release::{
    Description, FORMAT_INT8, Quantised, Release, WEIGHTS, int8_to_safetensors, sha256,
};
use models_pinn::evaluate::errors;
use models_pinn::quantise::{CHOICES, Extra, extra, refusal, weights};

use crate::train::{find_release, fresh_of, print_errors};

/// Arguments of `moldlab quantize`.
#[derive(clap::Args)]
#[command(after_help = "\
Example:
  moldlab quantize --weights models/weights/strip-ps-001 --out models/weights/strip-ps-002

The new release holds the float weights unchanged, 8-bit weights beside them (`weights-int8.safetensors`, whole numbers with a
scale for each output) and the errors of both on fresh shots. Layers whose 8-bit weights would change pressure by more than
0.15 % of peak or temperature by more than 0.15 K (root mean square over whole shots) stay in single precision.")]
pub struct Args {
    /// Release folder, or the name of a mold: its newest release.
    #[arg(long)]
    weights: String,
    /// Folder of the new release.
    #[arg(long)]
    out: PathBuf,
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
    let float = Release::load(&folder)?;
    if float.has_int8() {
        bail!("{}: has 8-bit weights already", folder.display());
    }
    let path = folder.join(WEIGHTS);
    let bytes = std::fs::read(&path).with_context(|| format!("reading {}", path.display()))?;
    let shots = fresh_of(&folder, &float, None)?;
    let name = &float.about.mold;
    let mut chosen = None;
    for layers in CHOICES {
        let int8 = int8_to_safetensors(&weights(&float, layers)?)?;
        let both = float.clone().with_int8(&int8)?;
        let changed = extra(&both, &shots)?;
        println!("{name}: 8-bit weights in {}", layers.join(", "));
        print_extra(&changed);
        if changed.is_small() {
            chosen = Some((int8, both, changed));
            break;
        }
    }
    let Some((int8, both, changed)) = chosen else {
        eprintln!(
            "moldlab: {}: no layer bears 8-bit weights",
            folder.display()
        );
        return Ok(false);
    };
    let in_float = errors(&float, &shots)?;
    print_errors(&format!("{name}, float"), &in_float);
    let in_int8 = errors(&both.in_precision(Precision::Int8), &shots)?;
    print_errors(&format!("{name}, 8-bit weights"), &in_int8);
    if let Some(told) = refusal(&in_float, &in_int8) {
        eprintln!("moldlab: {}: {told}", folder.display());
        return Ok(false);
    }
    let about = Description {
        format: FORMAT_INT8.into(),
        errors: in_float,
        int8: Some(Quantised {
            weights_sha256: sha256(&int8),
            program: format!("moldlab {}", env!("CARGO_PKG_VERSION")),
            errors: in_int8,
            extra_percent: changed.percent,
            extra_k: changed.kelvin,
        }),
        ..float.about.clone()
    };
    about.write_with_int8(&args.out, &bytes, &int8)?;
    println!(
        "release {} written ({:.0} kB of 8-bit weights)",
        args.out.display(),
        int8.len() as f64 * 1e-3
    );
    Ok(true)
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
