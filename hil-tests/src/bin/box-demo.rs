//! `box-demo [SECONDS]`: the demo's press and the box beside it for ten minutes, and what that cost.

use std::process::ExitCode;
use std::time::{Duration, Instant};

use hil_tests::Figure;
use hil_tests::moldsight::Moldsight;
use hil_tests::press::{Press, config};
use hil_tests::process::{cpu_seconds, largest_resident_kib};

/// Until buffers and maps are as large as they get, s.
const SETTLE_S: u64 = 5;

fn main() -> ExitCode {
    let given = std::env::args().nth(1).and_then(|s| s.parse().ok());
    let seconds: u64 = given.unwrap_or(600);
    let folder = tempfile::tempdir().expect("a folder");
    let _press = Press::scenario(folder.path(), "demo");
    let file = config(folder.path(), "demo", |text| text);
    let moldsight = Moldsight::start(&file).expect("the box comes up");
    let first_s = moldsight.first_estimate_s("p3");
    std::thread::sleep(Duration::from_secs(SETTLE_S));
    let (cpu, began) = (cpu_seconds(moldsight.id()), Instant::now());
    std::thread::sleep(Duration::from_secs(seconds));
    let wall = began.elapsed().as_secs_f64();
    let share = (cpu_seconds(moldsight.id()) - cpu) / wall;
    let memory_mb = largest_resident_kib(moldsight.id()) * 1024e-6;
    let health = moldsight.get("/api/v1/health").expect("health");
    let shots = moldsight.get("/api/v1/shots?limit=200").expect("shots");
    let of = |pointer: &str| health.pointer(pointer).and_then(|v| v.as_f64());
    let number = |pointer: &str| of(pointer).unwrap_or(f64::NAN);
    let (frames, gaps) = (number("/nodes/0/frames"), number("/nodes/0/gaps"));
    let damaged = number("/nodes/0/damaged");
    let dropped = number("/disk/dropped");
    let (mean_us, p99_us) = (number("/tick/mean_s") * 1e6, number("/tick/p99_s") * 1e6);
    let count = shots["shots"].as_array().map_or(0, Vec::len);
    let figure = |claim: &'static str, holds: bool, text: String| Figure {
        claim,
        holds,
        figure: text,
    };
    let figures = [
        figure(
            "a demo without a lost frame",
            frames > 0.0 && gaps == 0.0 && damaged == 0.0 && dropped == 0.0,
            format!(
                "{wall:.0} s at {:.0} Hz, {count} shots: {frames} frames, {gaps} rows lost, {damaged} damaged, {dropped} records dropped, \
                 {} rows late",
                number("/nodes/0/channels/0/rate_hz"),
                number("/tick/late")
            ),
        ),
        figure(
            "processor and memory of the box",
            share <= 0.20 && memory_mb <= 200.0,
            format!(
                "{:.1} % of one core (limit 20), {memory_mb:.0} MB (limit 200)",
                share * 100.0
            ),
        ),
        figure(
            "processor time a tick",
            mean_us <= 60.0 && p99_us <= 150.0,
            format!("mean {mean_us:.0} us (limit 60), p99 {p99_us:.0} us (limit 150)"),
        ),
        figure(
            "time to the first estimate",
            first_s <= 2.0,
            format!("{first_s:.2} s after the start of the program (limit 2)"),
        ),
    ];
    let mut well = moldsight.stop();
    for f in figures {
        println!("{f}");
        well &= f.holds;
    }
    ExitCode::from(u8::from(!well))
}
