//! A box that closes the loop at a simulated press: both programs of their own, with a controller's wire between them.

use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::RigError;
use crate::moldsight::{Moldsight, program};

/// How the box reaches the controller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wire {
    /// OPC UA, signed and encrypted, the certificate pinned.
    OpcUa,
    /// Modbus TCP.
    Modbus,
}

/// What differs from story to story.
#[derive(Clone, Debug)]
pub struct Plot {
    /// The wire.
    pub wire: Wire,
    /// The lot becomes a fifth thicker before this shot.
    pub thick_lot_at: Option<u64>,
    /// Part weight to reach, kg; that of the first good shots where it is missing.
    pub target_kg: Option<f64>,
    /// Longest step of the hold pressure, MPa.
    pub step_mpa: f64,
    /// Whether the profile lets the box write the recipe back.
    pub restores: bool,
    /// The `[transfer]` table of the box, where its node is to signal transfer.
    pub transfer: Option<&'static str>,
}

impl Default for Plot {
    fn default() -> Self {
        Self {
            wire: Wire::OpcUa,
            thick_lot_at: None,
            // Out of reach: there is something to correct after every shot.
            target_kg: Some(FAR_KG),
            step_mpa: 0.25,
            restores: false,
            transfer: None,
        }
    }
}

/// A part weight that the steps of a story never reach, kg.
const FAR_KG: f64 = 0.0112;

/// A press and a box to be: files and ports.
#[derive(Debug)]
pub struct Stage {
    folder: TempDir,
    wire: Wire,
    opcua: u16,
    modbus: u16,
}

const SCENARIO: &str = r#"
title = "Short shots"
mold = "plate-ps"
recipe = "recipe.toml"
seed = 1
rate_hz = 500

[cycle]
close_s = 0.7
plastification_s = 1.0
open_s = 2.0

[[drift]]
latent = "viscosity"
scatter_sd = 0.002

[[channel]]
name = "nozzle pressure"
signal = "sensor"
sensor = "nozzle"
unit = "Megapascal"
min = -10.0
max = 250.0
noise_sd = 0.05

[[channel]]
name = "screw position"
signal = "screw"
unit = "Millimetre"
min = -5.0
max = 120.0
noise_sd = 0.01

[[channel]]
name = "cavity pressure p1"
signal = "sensor"
sensor = "p1"
unit = "Megapascal"
min = -10.0
max = 200.0
noise_sd = 0.03

[[channel]]
name = "mold surface"
signal = "surface"
element = "plate"
at_mm = 20.0
unit = "Celsius"
min = -20.0
max = 300.0
noise_sd = 0.1
lag_s = 0.1

[[channel]]
name = "injection active"
signal = "injection"
unit = "Volt"
min = 0.0
max = 30.0

[[channel]]
name = "transfer"
signal = "transfer"
unit = "Volt"
min = 0.0
max = 30.0
"#;

const RECIPE: &str = r#"
title = "Short"
melt_celsius = 230.0
mold_celsius = 50.0
dose_cm3 = 16.0
cooling_time_s = 3.0
rate = [{ rate_cm3_s = 25.0, until_cm3 = 12.0 }]
transfer = { injected_cm3 = 11.6, max_pressure_mpa = 150.0, max_time_s = 3.0 }
hold = [{ pressure_mpa = 45.0, time_s = 6.0 }]
"#;

/// How far a signal may move the transfer of that recipe.
const TRANSFER_LIMIT: &str = "[press_port.limit.transfer_volume]
low_cm3 = 10.5
high_cm3 = 12.0
step_cm3 = 1.0
per_hour_cm3 = 4.0
";

/// Injected volume at which that recipe transfers, and its rate, cm3 and cm3/s.
pub const TRANSFER_CM3: f64 = 11.6;
/// See [`TRANSFER_CM3`].
pub const RATE_CM3_S: f64 = 25.0;

/// Cooling time of that recipe, s.
const COOLING_S: f64 = 3.0;

/// A shot of that press from clamp to clamp, s.
pub const CYCLE_S: f64 = 12.2;

impl Stage {
    /// Sets it.
    ///
    /// # Panics
    /// When the folder cannot be written or the checkout lacks a file.
    pub fn set(plot: &Plot) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text);
        let lot = plot.thick_lot_at.map_or(String::new(), |shot| {
            format!("\n[[event]]\nshot = {shot}\nkind = \"lot\"\nchange = {{ viscosity = 1.2 }}\n")
        });
        write("scenario.toml", &format!("{SCENARIO}{lot}")).expect("a file");
        write("recipe.toml", RECIPE).expect("a file");
        let (opcua, modbus) = free_ports();
        let (name, port) = match plot.wire {
            Wire::OpcUa => ("opcua", opcua),
            Wire::Modbus => ("modbus", modbus),
        };
        write("profile.toml", &profile(name, plot.restores)).expect("a file");
        let demo = repository("appliance/demo/demo.toml");
        let demo = std::fs::read_to_string(demo).expect("a configuration of the checkout");
        let head = demo.split("[press_port]").next().unwrap_or_default();
        let address = match plot.wire {
            Wire::OpcUa => format!("opc.tcp://127.0.0.1:{port}/"),
            Wire::Modbus => format!("127.0.0.1:{port}"),
        };
        let step = plot.step_mpa;
        let transfer = plot.transfer.map_or(String::new(), |law| {
            format!("{TRANSFER_LIMIT}\n[transfer]\nnode = \"press\"\n{law}\n\n")
        });
        let value = plot
            .target_kg
            .map_or(String::new(), |kg| format!("value = {kg}\n"));
        let text = format!(
            "cooling_s = {COOLING_S:?}\n{}\
             [press_port]\nprofile = \"profile.toml\"\naddress = \"{address}\"\nmode = \"correct\"\ngood_shots = 1\n\n\
             [press_port.limit.hold_pressure]\nlow_mpa = 35.0\nhigh_mpa = 60.0\nstep_mpa = {step:?}\nper_hour_mpa = 30.0\n\n\
             {transfer}\
             [[target]]\nname = \"part_weight\"\ntolerance = 5e-6\n{value}",
            head.replace("127.0.0.1:8088", "127.0.0.1:0")
        );
        write("moldsight.toml", &text).expect("a file");
        Self {
            folder,
            wire: plot.wire,
            opcua,
            modbus,
        }
    }

    /// A file of the stage.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Switches the press on.
    ///
    /// # Panics
    /// When it does not come up.
    pub fn press(&self, more: &[&str]) -> Controller {
        let mut child = Command::new(program("press-sim"))
            .arg("--quiet")
            .arg("--link")
            .arg(self.path("press"))
            .arg("--calibration")
            .arg(self.path("calibration.toml"))
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
        let said = Arc::new(Mutex::new(Vec::new()));
        let hears = said.clone();
        std::thread::spawn(move || {
            for line in out.lines().map_while(Result::ok) {
                let mut said = hears.lock().unwrap_or_else(PoisonError::into_inner);
                said.push(line);
            }
        });
        let new = Controller { child, said };
        new.says(0, "Modbus TCP on ");
        new
    }

    /// Starts the box.
    ///
    /// # Errors
    /// When it does not come up.
    pub fn start_box(&self) -> Result<Moldsight, RigError> {
        Moldsight::start(&self.path("moldsight.toml"))
    }

    /// Starts the box and, over OPC UA, confirms the certificate that the press shows, as an engineer does at commissioning.
    ///
    /// # Panics
    /// When the press is not reached.
    pub fn commission(&self) -> Moldsight {
        let moldsight = self.start_box().expect("the box comes up");
        if self.wire == Wire::OpcUa {
            let shown = moldsight.wait("/api/v1/press", 60, |press| {
                press["thumbprint_seen"].as_str().map(str::to_owned)
            });
            let pinned = moldsight.post("/api/v1/press/pin", &json!({ "thumbprint": shown }));
            assert_eq!(pinned.expect("an answer").0, 200);
        }
        moldsight.wait("/api/v1/correction", 60, |now| {
            (now["press"]["state"] == "connected").then_some(())
        });
        moldsight
    }
}

fn repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path)
}

fn profile(name: &str, restores: bool) -> String {
    let path = format!("appliance/press/profiles/press-sim-{name}.toml");
    let text = std::fs::read_to_string(repository(&path)).expect("a shipped profile");
    let secure = "policy = \"Aes256Sha256RsaPss\"\nmode = \"SignAndEncrypt\"";
    text.replace("policy = \"None\"\nmode = \"None\"", secure)
        .replace("restore = true", &format!("restore = {restores}"))
}

fn free_ports() -> (u16, u16) {
    let free = || TcpListener::bind("127.0.0.1:0").expect("a free port");
    let port = |l: &TcpListener| l.local_addr().expect("an address").port();
    let (a, b) = (free(), free());
    (port(&a), port(&b))
}

/// A running press that prints what happens at its controller; ended when dropped.
#[derive(Debug)]
pub struct Controller {
    child: Child,
    said: Arc<Mutex<Vec<String>>>,
}

impl Controller {
    /// Lines so far: a place to look on from.
    pub fn mark(&self) -> usize {
        self.lines().len()
    }

    fn lines(&self) -> Vec<String> {
        let said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
        said.clone()
    }

    /// Writes it took after a place: the part of each line after `setpoint`, such as `hold_pressure 45.25`.
    pub fn writes(&self, from: usize) -> Vec<String> {
        let lines = self.lines().into_iter().skip(from);
        let taken = |l: String| Some(l.split_once("press-sim: setpoint ")?.1.to_owned());
        lines.filter_map(taken).collect()
    }

    /// Waits for a line after a place that contains this.
    ///
    /// # Panics
    /// When none comes within two minutes.
    pub fn says(&self, from: usize, what: &str) -> String {
        let end = Instant::now() + Duration::from_secs(120);
        loop {
            let lines = self.lines();
            if let Some(line) = lines.iter().skip(from).find(|l| l.contains(what)) {
                return line.clone();
            }
            assert!(Instant::now() < end, "`{what}` never came: {lines:?}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Controller {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Arms the box in a mode.
///
/// # Panics
/// When it may not be armed.
pub fn arm(moldsight: &Moldsight, mode: &str) {
    let (status, answer) = moldsight
        .put("/api/v1/mode", &json!({ "mode": mode }))
        .expect("an answer");
    assert_eq!(status, 200, "{answer}");
}

/// Decisions, newest first.
///
/// # Panics
/// When the box does not answer.
pub fn decisions(moldsight: &Moldsight) -> Vec<Value> {
    let page = moldsight.get("/api/v1/corrections?limit=100");
    let page = page.expect("decisions");
    page["decisions"].as_array().cloned().unwrap_or_default()
}

/// Waits until the guard is in a state for a reason; the time it took, s.
///
/// # Panics
/// When it does not come to it.
pub fn guard_says(moldsight: &Moldsight, seconds: u64, state: &str, reason: &str) -> f64 {
    let began = Instant::now();
    moldsight.wait("/api/v1/correction", seconds, |now| {
        let guard = &now["guard"];
        (guard["state"] == state && guard["reason"] == reason).then_some(())
    });
    began.elapsed().as_secs_f64()
}

/// Waits until a decision is written, read back and its effect was seen.
///
/// # Panics
/// When it does not come to it.
pub fn seen_through(moldsight: &Moldsight, id: u64, seconds: u64) -> Value {
    moldsight.wait(&format!("/api/v1/corrections/{id}"), seconds, |decision| {
        let effects = decision["effect"].as_array()?;
        let weight = effects.iter().find(|e| e["name"] == "part_weight")?;
        (decision["state"] == "in_force" && weight["seen"].is_f64()).then(|| decision.clone())
    })
}
