//! A release brought to a running box: kept and used from the next start on, or refused with the reason.

use std::path::{Path, PathBuf};
use std::process::Command;

use hil_tests::moldsight::Moldsight;
use hil_tests::press::{Press, config};

fn weights(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../models/weights")
        .join(name)
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("a folder");
    for name in ["model.toml", "weights.safetensors"] {
        std::fs::copy(from.join(name), to.join(name)).expect("a copy");
    }
}

/// A folder as one file, as a browser would send it.
fn packed(folder: &Path) -> Vec<u8> {
    let name = folder.file_name().expect("a name");
    let tar = Command::new("tar")
        .arg("-cC")
        .arg(folder.join(".."))
        .arg(name)
        .output();
    let tar = tar.expect("tar");
    assert!(tar.status.success());
    tar.stdout
}

#[test]
fn a_release_is_imported_and_used_after_a_restart_and_a_wrong_one_is_refused_with_the_reason() {
    let folder = tempfile::tempdir().expect("a folder");
    let (shelf, brought) = (folder.path().join("shelf"), folder.path().join("brought"));
    copy(&weights("strip-ps-001"), &shelf.join("strip-ps-001"));
    copy(&weights("strip-ps-002"), &brought.join("good"));
    let _press = Press::measured(folder.path());
    let file = config(folder.path(), "measured", |text| text);
    let shelf_text = shelf.to_str().expect("text");
    let environment = [("MOLDSIGHT_RELEASES", shelf_text)];
    let moldsight = Moldsight::start_in(&file, &environment).expect("the box comes up");
    let release =
        |m: &Moldsight| m.get("/api/v1/health").expect("health")["versions"]["release"].clone();
    assert_eq!(release(&moldsight), "strip-ps-001");
    let send = |moldsight: &Moldsight, bytes: &[u8]| {
        let answer = moldsight.upload("/api/v1/releases", "release", bytes);
        answer.expect("an answer")
    };
    let on_the_shelf = || std::fs::read_dir(&shelf).expect("the shelf").count();

    // WHEN somebody brings what is none, one whose weights are damaged, and one of a mold nobody knows
    let (status, told) = send(&moldsight, b"no archive at all");
    assert!(status == 422, "{status}: {told}");
    let damaged = brought.join("damaged");
    copy(&weights("strip-ps-002"), &damaged);
    let mut bytes = std::fs::read(damaged.join("weights.safetensors")).expect("weights");
    *bytes.last_mut().expect("bytes") ^= 1;
    std::fs::write(damaged.join("weights.safetensors"), bytes).expect("a file");
    let (status, told) = send(&moldsight, &packed(&damaged));
    assert!(
        status == 422 && told.contains("weights.safetensors"),
        "{status}: {told}"
    );
    let foreign = brought.join("foreign");
    copy(&weights("strip-ps-002"), &foreign);
    let text = std::fs::read_to_string(foreign.join("model.toml")).expect("a description");
    let text = text.replace("mold = \"strip-ps\"", "mold = \"another\"");
    std::fs::write(foreign.join("model.toml"), text).expect("a file");
    let (status, told) = send(&moldsight, &packed(&foreign));
    // THEN each is refused with the reason, and nothing is kept
    assert!(
        status == 422 && told.contains("another"),
        "{status}: {told}"
    );
    assert_eq!(on_the_shelf(), 1);
    println!("refused: {told}");

    // WHEN somebody brings a good one
    let (status, told) = send(&moldsight, &packed(&brought.join("good")));
    assert!(
        status == 201 && told.contains("strip-ps-002"),
        "{status}: {told}"
    );
    // THEN the box goes on with the old one and says that a restart is due
    assert_eq!(release(&moldsight), "strip-ps-001");
    let setup = moldsight.get("/api/v1/setup").expect("the setup");
    assert_eq!(setup["restart_needed"], true, "{setup}");
    assert_eq!(
        setup["releases"].as_array().map(Vec::len),
        Some(2),
        "{setup}"
    );
    // AND uses the new one from then on
    assert!(moldsight.stop());
    let again = Moldsight::start_in(&file, &environment).expect("the box comes back");
    assert_eq!(release(&again), "strip-ps-002");
    assert!(again.stop());
}

#[test]
fn a_release_the_box_could_not_start_with_is_not_kept() {
    let folder = tempfile::tempdir().expect("a folder");
    let shelf = folder.path().join("shelf");
    std::fs::create_dir_all(&shelf).expect("a folder");
    let _press = Press::measured(folder.path());
    // GIVEN a box that uses P2 alone, on the solver
    let file = config(folder.path(), "measured", |text| {
        let text = text.replace(
            "mold = \"strip-ps\"",
            "mold = \"strip-ps\"\nweights = \"none\"",
        );
        let text = text.replace("sensor = \"p2\"\nused = false", "sensor = \"p2\"");
        text.replace("sensor = \"p1\"", "sensor = \"p1\"\nused = false")
    });
    let environment = [("MOLDSIGHT_RELEASES", shelf.to_str().expect("text"))];
    let moldsight = Moldsight::start_in(&file, &environment).expect("the box comes up");
    // WHEN a release comes that is driven by P1
    let brought = folder.path().join("brought/strip");
    copy(&weights("strip-ps-002"), &brought);
    let (status, told) = moldsight
        .upload("/api/v1/releases", "release", &packed(&brought))
        .expect("an answer");
    // THEN it is refused: with it the next start would fail
    assert!(status == 422 && told.contains("p1"), "{status}: {told}");
    assert_eq!(std::fs::read_dir(&shelf).expect("the shelf").count(), 0);
    assert!(moldsight.stop());
}
