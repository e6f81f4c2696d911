//! The box's press port against the simulated press as a program of its own: encrypted OPC UA and Modbus TCP, by the shipped profiles.

use appliance_pipeline::ports::{Change, Operating, Setpoint};
use appliance_press::{Pin, Press, PressError, PressPort, Profile, Why, commission};
use hil_tests::moldsight::program;
use std::future::Future;
use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};
use tempfile::TempDir;

const LONG: Duration = Duration::from_secs(60);
const MPA: f64 = 1e6;

/// A shot in about four seconds, so that the story is short.
const SCENARIO: &str = r#"
title = "Short shots"
mold = "plate-ps"
recipe = "recipe.toml"
seed = 1
rate_hz = 200

[cycle]
close_s = 0.5
plastification_s = 0.5
open_s = 0.5

[[channel]]
name = "nozzle pressure"
signal = "sensor"
sensor = "nozzle"
unit = "Megapascal"
min = -10.0
max = 250.0
"#;

const RECIPE: &str = r#"
title = "Short"
melt_celsius = 230.0
mold_celsius = 50.0
dose_cm3 = 16.0
cooling_time_s = 1.0
rate = [{ rate_cm3_s = 25.0, until_cm3 = 12.0 }]
transfer = { injected_cm3 = 11.6, max_pressure_mpa = 150.0, max_time_s = 3.0 }
hold = [{ pressure_mpa = 45.0, time_s = 1.0 }]
"#;

/// A running press; killed when dropped.
struct Running {
    child: Child,
    lines: Receiver<String>,
}

impl Running {
    /// Waits for a line that contains this.
    fn says(&self, what: &str) -> String {
        let until = Instant::now() + LONG;
        loop {
            let left = until.saturating_duration_since(Instant::now());
            let line = self.lines.recv_timeout(left);
            let line = line.unwrap_or_else(|e| panic!("waiting for `{what}`: {e}"));
            if line.contains(what) {
                return line;
            }
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Where a press is started and started again.
struct Place {
    folder: TempDir,
    opcua: u16,
    modbus: u16,
}

impl Place {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text);
        write("scenario.toml", SCENARIO).expect("a file");
        write("recipe.toml", RECIPE).expect("a file");
        let free = || {
            let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
            (listener.local_addr().expect("an address").port(), listener)
        };
        let ((opcua, _), (modbus, _)) = (free(), free());
        Self {
            folder,
            opcua,
            modbus,
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn press(&self, more: &[&str]) -> Running {
        let mut child = Command::new(program("press-sim"))
            .arg("--link")
            .arg(self.path("line"))
            .arg("--scenario")
            .arg(self.path("scenario.toml"))
            .arg("--keys")
            .arg(self.path("press-keys"))
            .args(["--opcua", &format!("127.0.0.1:{}", self.opcua)])
            .args(["--modbus", &format!("127.0.0.1:{}", self.modbus)])
            .args(more)
            .stdout(Stdio::piped())
            .spawn()
            .expect("press-sim starts");
        let out = BufReader::new(child.stdout.take().expect("its output is piped"));
        let (send, lines) = channel();
        std::thread::spawn(move || {
            let mut lines = out.lines().map_while(Result::ok);
            lines.try_for_each(|line| send.send(line))
        });
        let press = Running { child, lines };
        press.says("node ");
        press
    }

    fn profile(&self, name: &str) -> Profile {
        let profiles = Path::new(env!("CARGO_MANIFEST_DIR")).join("../appliance/press/profiles");
        let path = profiles.join(name);
        let text = std::fs::read_to_string(&path).expect("a shipped profile");
        let secure = "policy = \"Aes256Sha256RsaPss\"\nmode = \"SignAndEncrypt\"";
        let text = text.replace("policy = \"None\"\nmode = \"None\"", secure);
        let profile = Profile::parse(&text, &path).expect("a good profile");
        let address = match name.contains("modbus") {
            true => format!("127.0.0.1:{}", self.modbus),
            false => format!("opc.tcp://127.0.0.1:{}/", self.opcua),
        };
        profile.reached_at(&address)
    }
}

fn told<F: Future<Output = ()>>(story: F) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    runtime.expect("a runtime").block_on(story);
}

/// Reads until the press is there.
async fn reach(port: &mut Press) -> appliance_pipeline::ports::PressSignals {
    let until = Instant::now() + LONG;
    loop {
        match port.read().await {
            Ok(signals) => return signals,
            Err(error) if Instant::now() > until => panic!("{error}"),
            Err(_) => tokio::time::sleep(Duration::from_millis(100)).await,
        }
    }
}

async fn apply(port: &mut Press, values: &[(Setpoint, f64)]) -> Result<(), PressError> {
    port.read().await?;
    let values = values.to_vec();
    port.apply(&Change { values }).await.map(|_| ())
}

/// Cycles as they finish, until one satisfies this.
async fn cycle(port: &mut Press, mut good: impl FnMut(f64) -> bool) {
    let until = Instant::now() + LONG;
    while Instant::now() < until {
        let _ = port.read().await.expect("the press is there");
        for cycle in port.finished() {
            let hold = cycle
                .data
                .iter()
                .find(|(name, _)| name == "maximum_hold_pressure_mpa");
            if good(hold.expect("it is in the profile").1) {
                return;
            }
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("no such cycle");
}

async fn a_press_takes_refuses_and_comes_back(place: &Place, port: &mut Press) {
    let press = place.press(&["--heartbeat-s", "2"]);
    let signals = reach(port).await;
    assert_eq!(signals.operating, Operating::Automatic);
    assert_eq!(
        (signals.released, signals.frozen),
        (Some(true), Some(false))
    );
    let recipe = signals.setpoints;
    let expected = [45.0 * MPA, 1.0, 11.6e-6, 25e-6, 503.15, 323.15, 1.0];
    for (setpoint, value) in Setpoint::ALL.into_iter().zip(expected) {
        assert!(
            (recipe[setpoint] / value - 1.0).abs() < 1e-6,
            "{setpoint:?}"
        );
    }
    // THEN what is written is in force at a later shot, and both are taken
    let mut before = f64::NAN;
    cycle(port, |hold| {
        before = hold;
        true
    })
    .await;
    let wanted = [
        (Setpoint::HoldPressure, 50.0 * MPA),
        (Setpoint::MeltTemperature, 505.15),
    ];
    apply(port, &wanted).await.expect("inside every limit");
    press.says("setpoint hold_pressure 50");
    cycle(port, |hold| (hold - before - 5.0).abs() < 0.5).await;
    // AND what the press refuses has its reason and changes nothing
    let refused = apply(port, &[(Setpoint::HoldPressure, 0.5 * MPA)]).await;
    match refused {
        Err(PressError::Refused { refusals }) => assert_eq!(refusals[0].why, Why::Range),
        other => panic!("{other:?}"),
    }
    press.says("refused hold_pressure 0.5 range");
    // AND a box that beats keeps its values; one that stops loses them to the recipe
    for _ in 0..15 {
        port.beat().await.expect("the press takes it");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    let held = port.read().await.expect("the press is there").setpoints;
    assert!((held[Setpoint::HoldPressure] / (50.0 * MPA) - 1.0).abs() < 1e-6);
    press.says("baseline");
    let held = port.read().await.expect("the press is there").setpoints;
    for (setpoint, value) in recipe.known() {
        assert!((held[setpoint] / value - 1.0).abs() < 1e-6, "{setpoint:?}");
    }
    // WHEN the press is switched off, nothing is written until it was read again
    drop(press);
    assert!(apply(port, &wanted).await.is_err());
    let press = place.press(&["--revoke-after", "0"]);
    let blind = port
        .apply(&Change {
            values: wanted.to_vec(),
        })
        .await;
    assert!(matches!(blind, Err(PressError::NotRead)), "{blind:?}");
    let signals = reach(port).await;
    assert_eq!(signals.released, Some(false));
    let refused = port
        .apply(&Change {
            values: wanted.to_vec(),
        })
        .await;
    match refused {
        Err(PressError::Refused { refusals }) => assert_eq!(refusals[0].why, Why::NotReleased),
        other => panic!("{other:?}"),
    }
    drop(press);
    let _press = place.press(&[]);
    reach(port).await;
    apply(port, &wanted).await.expect("as before");
}

#[test]
fn a_press_behind_encrypted_opc_ua_takes_refuses_and_comes_back() {
    told(async {
        let place = Place::new();
        let profile = place.profile("press-sim-opcua.toml");
        let folder = place.path("box");
        // GIVEN a certificate a person has confirmed at commissioning
        let press = place.press(&[]);
        let pin = commission(&profile, &folder)
            .await
            .expect("the press shows it");
        let shown = pin.expect("it is encrypted").sha1;
        drop(press);
        Pin::confirm(&folder, &shown).expect("a folder of ours");
        let mut port = Press::open(&profile, &folder).expect("this box speaks it");
        a_press_takes_refuses_and_comes_back(&place, &mut port).await;
    });
}

#[test]
fn a_press_behind_modbus_takes_refuses_and_comes_back() {
    told(async {
        let place = Place::new();
        let profile = place.profile("press-sim-modbus.toml");
        let mut port = Press::open(&profile, &place.path("box")).expect("this box speaks it");
        a_press_takes_refuses_and_comes_back(&place, &mut port).await;
    });
}

#[test]
fn box_and_press_name_the_setpoints_alike() {
    let theirs = hil_press_sim::setpoints::Setpoint::ALL.map(|s| s.name());
    assert_eq!(theirs, Setpoint::ALL.map(Setpoint::name));
}
