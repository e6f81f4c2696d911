//! A release is used whole and as it was written, or refused with a reason.
#![allow(clippy::unwrap_used)]

mod common;

use std::path::Path;
use std::sync::Arc;

use common::{description, release, tensors};
use models_infer::follow::{Follower, TangentFollower};
use models_infer::kernel::{Isa, Precision};
use models_infer::network::Network;
use models_infer::release::{
    DESCRIPTION, FORMAT, FORMAT_INT8, INT8, Quantised, Release, SUMS, WEIGHTS, WholeTensor,
    int8_to_safetensors, sha256, to_safetensors,
};

fn written(folder: &Path) -> std::path::PathBuf {
    let at = folder.join("test-001");
    let (about, weights) = release();
    about.write(&at, &weights).unwrap();
    at
}

fn refusal(at: &Path) -> String {
    match Release::load(at).and_then(|r| Network::new(&r).map(|_| ())) {
        Ok(()) => "accepted".into(),
        Err(e) => e.to_string(),
    }
}

#[test]
fn what_was_written_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let at = written(folder.path());
    assert_eq!(refusal(&at), "accepted");
    assert_eq!(Release::load(&at).unwrap().about, release().0);
}

/// Where a list of sums lies beside it, the description must be the one that was listed.
#[test]
fn a_listed_description_cannot_be_exchanged() {
    let folder = tempfile::tempdir().unwrap();
    let at = written(folder.path());
    let path = at.join(DESCRIPTION);
    let text = std::fs::read_to_string(&path).unwrap();
    let sum = sha256(text.as_bytes());
    std::fs::write(at.join(SUMS), format!("{sum}  {DESCRIPTION}\n")).unwrap();
    assert_eq!(refusal(&at), "accepted");
    std::fs::write(&path, text.replacen("seed = ", "seed = 1", 1)).unwrap();
    assert!(refusal(&at).contains("SHA-256"), "{}", refusal(&at));
    std::fs::write(&path, &text).unwrap();
    std::fs::write(at.join(SUMS), "").unwrap();
    assert!(
        refusal(&at).contains("nothing about it"),
        "{}",
        refusal(&at)
    );
}

#[test]
fn a_release_is_never_overwritten() {
    let folder = tempfile::tempdir().unwrap();
    let at = written(folder.path());
    let (about, weights) = release();
    assert!(
        about
            .write(&at, &weights)
            .unwrap_err()
            .to_string()
            .contains("test-001")
    );
    assert_eq!(refusal(&at), "accepted");
}

#[test]
fn damage_is_found_anywhere_in_the_weights() {
    let folder = tempfile::tempdir().unwrap();
    let at = written(folder.path());
    let path = at.join(WEIGHTS);
    let whole = std::fs::read(&path).unwrap();
    for place in [0, 9, whole.len() / 3, whole.len() - 1] {
        let mut bytes = whole.clone();
        bytes[place] ^= 4;
        std::fs::write(&path, &bytes).unwrap();
        let told = refusal(&at);
        assert!(
            told.contains("SHA-256") && told.contains("copy the release again"),
            "{told}"
        );
    }
    std::fs::write(&path, &whole[..whole.len() - 8]).unwrap();
    assert!(refusal(&at).contains("SHA-256"));
    std::fs::remove_file(&path).unwrap();
    assert!(refusal(&at).contains(WEIGHTS));
}

#[test]
fn foreign_formats_and_descriptions_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let at = written(folder.path());
    let path = at.join(DESCRIPTION);
    let text = std::fs::read_to_string(&path).unwrap();
    let with = |new: &str| {
        std::fs::write(&path, new).unwrap();
        refusal(&at)
    };
    assert!(
        with(&text.replace("moldsight-network-1", "moldsight-network-9"))
            .contains("moldsight-network-9")
    );
    assert!(with("hello").contains(DESCRIPTION));
    assert!(with(&text.replace("melt_k", "melt_celsius")).contains("melt_celsius"));
    assert!(with("\u{0}\u{1}").contains(DESCRIPTION));
    assert_eq!(with(&text), "accepted");
}

#[test]
fn tensors_that_do_not_fit_are_refused_by_name() {
    let told = |change: &dyn Fn(&mut Vec<models_infer::release::Tensor>)| {
        let mut all = tensors();
        change(&mut all);
        let weights = to_safetensors(&all).unwrap();
        let release = Release::from_parts(description(&weights), &weights).unwrap();
        Network::new(&release).map(|_| ()).unwrap_err().to_string()
    };
    let missing = told(&|all| all.retain(|t| t.0 != "cell.out.bias"));
    assert!(
        missing.contains("cell.out.bias") && missing.contains("missing"),
        "{missing}"
    );
    let broken = told(&|all| all[4].2[1] = f32::NAN);
    assert!(
        broken.contains(&tensors()[4].0) && broken.contains("no number"),
        "{broken}"
    );
    let wide = told(&|all| all[0].1 = vec![all[0].2.len(), 1]);
    assert!(wide.contains("front.0.weight"), "{wide}");
    let short = told(&|all| {
        let last = all.iter_mut().find(|t| t.0 == "later.3.weight").unwrap();
        (last.1, last.2) = (vec![5, 8], vec![0.1; 40]);
        let bias = all.iter_mut().find(|t| t.0 == "later.3.bias").unwrap();
        (bias.1, bias.2) = (vec![5], vec![0.0; 5]);
    });
    assert!(short.contains("later"), "{short}");
}

/// Every tensor, with its last row left out: refused by name before anything is computed with it.
#[test]
fn a_tensor_that_lost_a_row_is_refused_by_name() {
    // The means are one row, and one mode less is a smaller basis: the decoder then no longer fits it.
    for i in 0..tensors().len() {
        let mut all = tensors();
        let (name, shape, values) = &mut all[i];
        let rows = shape[0];
        if name.ends_with(".mean") {
            continue;
        }
        if rows == 1 {
            // Twice as many instead of none.
            values.extend_from_within(..);
            shape[0] = 2;
        } else {
            values.truncate(values.len() / rows * (rows - 1));
            shape[0] = rows - 1;
        }
        let name = name.clone();
        let weights = to_safetensors(&all).unwrap();
        let release = Release::from_parts(description(&weights), &weights).unwrap();
        let told = match Network::new(&release) {
            Ok(_) => panic!("`{name}` without a row was accepted"),
            Err(error) => error.to_string(),
        };
        assert!(told.contains("tensor `"), "{name}: {told}");
    }
}

/// Numbers of the description that no network can be followed with.
#[test]
fn a_description_that_makes_no_sense_is_refused() {
    type Change = fn(&mut models_infer::release::Description);
    let changes: [(&str, Change); 8] = [
        ("schedule_first_s", |d| d.schedule_first_s = 0.0),
        ("schedule_growth", |d| d.schedule_growth = 0.5),
        ("schedule_longest_s", |d| d.schedule_longest_s = f64::NAN),
        ("longest_s", |d| d.longest_s = f64::INFINITY),
        ("pressure_scale_pa", |d| d.pressure_scale_pa = 0.0),
        ("nodes", |d| d.nodes = 0),
        ("highest_pa", |d| d.highest_pa = f64::NAN),
        ("viscosity", |d| d.latents[0].low = 3.0),
    ];
    let (whole, weights) = release();
    for (key, change) in changes {
        let mut about = whole.clone();
        change(&mut about);
        let told = Release::from_parts(about, &weights)
            .and_then(|r| Network::new(&r))
            .map(|_| ())
            .expect_err(key)
            .to_string();
        assert!(told.contains(key), "{key}: {told}");
    }
}

/// A release with 8-bit weights in a folder.
fn written_int8(folder: &Path) -> std::path::PathBuf {
    let at = folder.join("test-002");
    let (mut about, weights) = release();
    let int8 = int8_to_safetensors(&common::whole()).unwrap();
    about.format = FORMAT_INT8.into();
    about.int8 = Some(Quantised {
        weights_sha256: sha256(&int8),
        ..Quantised::default()
    });
    about.write_with_int8(&at, &weights, &int8).unwrap();
    at
}

#[test]
fn weights_in_8_bits_are_read_and_used() {
    let folder = tempfile::tempdir().unwrap();
    let at = written_int8(folder.path());
    let release = Release::load(&at).unwrap();
    assert_eq!(release.whole().len(), common::whole().len());
    let shot = |isa, precision| {
        let net = Network::with(&release, isa, precision).unwrap();
        let mut f = Follower::new(Arc::new(net), &[1.0, 1.2]).unwrap();
        let mut all = vec![];
        for i in 0..1000 {
            let t = f64::from(i) * 1e-3;
            f.push(t, 1e5 + 40e6 * (t * 4.0).min(1.0)).unwrap();
            all.extend_from_slice(f.readings());
        }
        all
    };
    let float = shot(Isa::Portable, Precision::Float);
    let int8 = shot(Isa::Portable, Precision::Int8);
    let apart = |a: &[f64], b: &[f64]| {
        let pairs = a.iter().zip(b);
        pairs.fold(0.0_f64, |m, (a, b)| {
            m.max((a - b).abs() / b.abs().max(300.0))
        })
    };
    // The 8-bit weights are the ones in use: near the others, and not the same.
    assert!(apart(&int8, &float) < 0.05, "{}", apart(&int8, &float));
    assert!(apart(&int8, &float) > 1e-5);
    for isa in Isa::available() {
        let other = shot(isa, Precision::Int8);
        assert!(
            apart(&other, &int8) < 2e-3,
            "{isa}: {}",
            apart(&other, &int8)
        );
    }
    // Whoever does not ask for them gets the float ones, and who asks a release without is refused.
    assert_eq!(
        Network::new(&release).unwrap().engine().precision,
        Precision::Float
    );
    let asked = release.clone().in_precision(Precision::Int8);
    assert_eq!(
        Network::new(&asked).unwrap().engine().precision,
        Precision::Int8
    );
    let (about, weights) = common::release();
    let without = Release::from_parts(about, &weights).unwrap();
    let error = Network::with(&without, Isa::Portable, Precision::Int8).unwrap_err();
    assert!(error.to_string().contains("moldlab quantize"), "{error}");
    // Derivatives need the float ones.
    let error = TangentFollower::new(Arc::new(Network::new(&asked).unwrap()), &[1.0, 1.2]);
    assert!(error.unwrap_err().to_string().contains("single precision"));
}

#[test]
fn damaged_or_foreign_8_bit_weights_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let at = written_int8(folder.path());
    assert_eq!(refusal(&at), "accepted");
    let path = at.join(INT8);
    let whole = std::fs::read(&path).unwrap();
    for place in [0, whole.len() / 2, whole.len() - 1] {
        let mut bytes = whole.clone();
        bytes[place] ^= 1;
        std::fs::write(&path, &bytes).unwrap();
        let told = refusal(&at);
        assert!(told.contains("SHA-256") && told.contains(INT8), "{told}");
    }
    std::fs::remove_file(&path).unwrap();
    assert!(refusal(&at).contains(INT8));
    std::fs::write(&path, &whole).unwrap();
    // The format and the table go together.
    let path = at.join(DESCRIPTION);
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, text.replace(FORMAT_INT8, FORMAT)).unwrap();
    assert!(refusal(&at).contains("[int8]"), "{}", refusal(&at));
    let without = written(folder.path());
    let path = without.join(DESCRIPTION);
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, text.replace(FORMAT, FORMAT_INT8)).unwrap();
    assert!(refusal(&without).contains("[int8]"));
}

#[test]
fn whole_numbers_that_do_not_fit_are_refused_by_name() {
    let told = |change: &dyn Fn(&mut Vec<WholeTensor>)| {
        let mut all = common::whole();
        change(&mut all);
        let (about, weights) = release();
        let int8 = int8_to_safetensors(&all).unwrap();
        let release = Release::from_parts(about, &weights).unwrap();
        release
            .with_int8(&int8)
            .and_then(|r| Network::with(&r, Isa::best(), Precision::Int8))
            .map(|_| ())
            .unwrap_err()
            .to_string()
    };
    let lowest = told(&|all| all[0].2[3] = -128);
    assert!(
        lowest.contains(&common::whole()[0].0) && lowest.contains("-128"),
        "{lowest}"
    );
    let broken = told(&|all| all[1].3[0] = f32::INFINITY);
    assert!(broken.contains(".scale"), "{broken}");
    let foreign = told(&|all| all[0].0 = "feel.1.weight".into());
    assert!(foreign.contains("no layer takes"), "{foreign}");
    let short = told(&|all| {
        let (_, shape, values, scales) = &mut all[0];
        shape[0] -= 1;
        scales.pop();
        values.truncate(shape[0] * shape[1]);
    });
    assert!(short.contains("rows"), "{short}");
}

/// The releases kept beside this crate are whole and pass every check.
#[test]
fn the_releases_at_hand_are_accepted() {
    let weights = Path::new(env!("CARGO_MANIFEST_DIR")).join("../weights");
    let mut found = 0;
    for entry in std::fs::read_dir(&weights).unwrap() {
        let at = entry.unwrap().path();
        if at.is_dir() {
            assert_eq!(refusal(&at), "accepted", "{}", at.display());
            found += 1;
        }
    }
    assert!(found > 0, "no release in {}", weights.display());
}
