//! The whole box, as a customer starts it, beside the simulated press.

use std::time::Instant;

use hil_tests::moldsight::Moldsight;
use hil_tests::press::{Press, config};

/// Share of the prior variance that shots have removed, summed over the latents.
fn learned(moldsight: &Moldsight) -> f64 {
    let page = moldsight.get("/api/v1/whitebox").expect("the white box");
    let latents = page["latents"].as_array().expect("latents");
    latents.iter().filter_map(|l| l["learned"].as_f64()).sum()
}

#[test]
fn a_box_estimates_at_once_records_every_shot_and_loses_none_to_a_pulled_plug() {
    let folder = tempfile::tempdir().expect("a folder");
    // GIVEN a press in rhythm and a box beside it
    let press = Press::scenario(folder.path(), "demo");
    let file = config(folder.path(), "demo", |text| text);
    let moldsight = Moldsight::start(&file).expect("the box comes up");
    println!("up after {:.2} s", moldsight.up_after_s);
    assert!(moldsight.up_after_s < 5.0);
    let unlearned = learned(&moldsight);

    // THEN a running mold is seen, with bands, and virtual sensors under pressure
    let began = Instant::now();
    moldsight.wait("/api/v1/live/latest", 60, |live| {
        let p3 = live["readings"]
            .as_array()?
            .iter()
            .find(|r| r["sensor"] == "p3")?;
        let under = p3["estimate"].as_f64()? > 5e6 && p3["sd"].as_f64()? > 1e4;
        (live["phase"] != "idle" && under && p3["measured"].is_null()).then_some(())
    });
    println!(
        "melt at p3 estimated {:.1} s later",
        began.elapsed().as_secs_f64()
    );
    let health = moldsight.get("/api/v1/health").expect("health");
    assert_eq!(health["nodes"][0]["gaps"], 0, "{health}");
    assert!(health["tick"]["mean_s"].as_f64().expect("a number") < 200e-6);

    // WHEN a shot is over
    let shot = moldsight.wait("/api/v1/shots?limit=5", 90, |page| {
        let row = page["shots"]
            .as_array()?
            .iter()
            .find(|s| s["kind"] == "production")?;
        row["shot"].as_u64()
    });
    // THEN it has a part weight near that of the plate, and curves
    let detail = moldsight
        .get(&format!("/api/v1/shots/{shot}?points=400"))
        .expect("the shot");
    let quality = detail["row"]["quality"].as_array().expect("predictions");
    let weight = quality
        .iter()
        .find(|q| q["name"] == "part_weight")
        .expect("a weight");
    let (grams, sd) = (
        weight["value"].as_f64().expect("kg") * 1e3,
        weight["sd"].as_f64().expect("kg") * 1e3,
    );
    assert!(
        (10.3..11.3).contains(&grams) && sd > 0.0,
        "{grams} +- {sd} g"
    );
    let p1 = detail["curves"]
        .as_array()
        .expect("curves")
        .iter()
        .find(|c| c["sensor"] == "p1")
        .expect("p1");
    let highest = p1["measured"]
        .as_array()
        .expect("values")
        .iter()
        .filter_map(serde_json::Value::as_f64)
        .fold(0.0, f64::max);
    assert!(highest > 3e7, "{highest} Pa measured at p1");

    // WHEN the plug is pulled and the box comes back
    let taught = learned(&moldsight);
    assert!(taught > unlearned + 0.1, "a shot has taught nothing");
    moldsight.kill();
    let again = Moldsight::start(&file).expect("the box comes back");
    println!("back after {:.2} s", again.up_after_s);
    assert!(again.up_after_s < 5.0);
    // THEN what shots taught is not lost, and trust has to be earned anew
    let kept = learned(&again);
    println!("{unlearned:.3} known at first, {taught:.3} after shots, {kept:.3} after the restart");
    assert!(kept - unlearned > 0.8 * (taught - unlearned), "{kept}");
    let live = again.get("/api/v1/live/latest").expect("live");
    assert_eq!(live["trust"]["state"], "learning", "{live}");
    // AND the finished shot is still there and the next one counts on
    let same = again
        .get(&format!("/api/v1/shots/{shot}"))
        .expect("the shot");
    assert_eq!(same["row"]["quality"], detail["row"]["quality"]);
    let next = again.wait("/api/v1/live/latest", 60, |live| {
        live["shot"].as_u64().filter(|n| *n > shot)
    });
    assert!(next > shot);

    // WHEN the press's cable is pulled
    drop(press);
    // THEN the box names it and keeps answering
    again.wait("/api/v1/health", 20, |health| {
        let problems = health["problems"].as_array()?;
        problems
            .iter()
            .any(|p| p["key"] == "problem.node_lost")
            .then_some(())
    });
}
