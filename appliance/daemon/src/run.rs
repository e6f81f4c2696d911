//! `moldsight run`: everything started, watched and stopped.

use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use std::sync::mpsc::sync_channel;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use appliance_pipeline::estimator::Estimator;
use appliance_pipeline::keeper::Keeper;
use appliance_pipeline::ports::Setpoints;
use appliance_recorder::{
    EntryKind, EstimateTable, Events, Quantity, Recorder, Settings, ShotContext,
};
use appliance_web::view::LiveSnapshot;
use appliance_web::{Book as Accounts, Server, Tls, WebSettings};
use tokio::sync::watch;

use crate::brain::{Brain, latents_now, with};
use crate::config::WebConfig;
use crate::context::Context;
use crate::correcting::Correcting;
use crate::corrections::TargetFile;
use crate::error::DaemonError;
use crate::event_kind::EventKind;
use crate::line::Parts;
use crate::memory::{BeliefFile, Recalled};
use crate::press::{Injecting, Key};
use crate::quality::Teacher;
use crate::ready::{Ready, ready};
use crate::shared::Shared;
use crate::shots::{ShotPath, trust};
use crate::snapshot::{Fixed, publish};
use crate::station::BoxStation;
use crate::what_if::Range;
use crate::{find, geometry, realtime};

mod press;
mod tick;

use press::reach;
use tick::{Wires, tick_thread};

/// Arguments of `moldsight run`.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// Configuration file.
    #[arg(long, default_value = "/etc/moldsight/moldsight.toml")]
    pub config: PathBuf,
    /// Check the configuration and everything it names, start nothing.
    #[arg(long)]
    pub check_config: bool,
    /// Print a link that logs in once, for a first look.
    #[arg(long)]
    pub login_link: bool,
}

/// Time a one-time link works.
const LINK_TIME: Duration = Duration::from_secs(3600);

/// Runs the command.
///
/// # Errors
/// When the configuration or the system refuses; after a start it ends only by a signal.
pub fn run(args: &Args) -> Result<(), DaemonError> {
    let ready = ready(&args.config)?;
    let web = web_settings(&ready.config.web, &ready.config.data)?;
    if args.check_config {
        println!(
            "{}: mold {}, {} sensors of which {} are used, release {}",
            args.config.display(),
            ready.mold.name,
            ready.mold.sensors.len(),
            ready.config.used().len(),
            ready
                .release
                .as_deref()
                .unwrap_or("none: the solver runs alone")
        );
        return Ok(());
    }
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(|source| DaemonError::System {
            doing: "starting the threads of the web side",
            source,
        })?;
    runtime.block_on(start(ready, web, args))
}

async fn start(ready: Ready, web: WebSettings, args: &Args) -> Result<(), DaemonError> {
    let Ready {
        config,
        mold,
        mut keeper,
        release,
        calibrations,
        screw_area_m2,
        transfer,
    } = ready;
    let start = Instant::now();
    std::fs::create_dir_all(&config.data).map_err(|source| DaemonError::Write {
        path: config.data.clone(),
        source,
    })?;
    let (accounts, first) = Accounts::open(&config.data.join("access.sqlite"))?;
    if accounts.is_read_only() {
        println!(
            "moldsight: the disk takes nothing: accounts are read and cannot be changed until it does"
        );
    }
    let accounts = Arc::new(accounts);
    // The address is taken first: a second box on it ends here, before it touches records.
    let server = Server::bind(web, accounts.clone()).await?;
    let mut settings = Settings::in_folder(config.data.join("records"));
    if let Some(gb) = config.records.curves_gb {
        settings.raw_bytes = (gb * 1e9) as u64;
    }
    if let Some(gb) = config.records.free_gb {
        settings.free_bytes = (gb * 1e9) as u64;
    }
    let (recorder, mut handle) = Recorder::open(settings, start)?;
    let recorder = Arc::new(recorder);
    let file = BeliefFile::new(&config.data, &mold, &keeper);
    recall(&file, &mut keeper, &recorder.events());

    let places = keeper.setup().places.clone();
    let sensors: Vec<String> = places.iter().map(|p| p.name.clone()).collect();
    let unit = |pressure: bool| if pressure { "Pa" } else { "K" };
    handle.estimate_columns(&EstimateTable {
        sensors: places
            .iter()
            .map(|p| Quantity {
                name: p.name.clone(),
                unit: unit(p.is_pressure()).into(),
            })
            .collect(),
        measurements: keeper
            .setup()
            .used
            .iter()
            .map(|i| Quantity {
                name: places[*i].name.clone(),
                unit: "Pa".into(),
            })
            .collect(),
    });
    let tuning = keeper.tuning()?;
    let model = models_physics::solver::Model::new(
        keeper.mold(),
        &keeper.latents(),
        models_physics::observer::LIVE_CUT,
        None,
        None,
    );
    let model = model.map_err(|e| DaemonError::Argument {
        argument: "mold",
        reason: e.to_string(),
    })?;
    let real = |place: usize| {
        let feeding = config
            .nodes
            .iter()
            .flat_map(|n| &n.channels)
            .find(|c| c.sensor.as_ref() == Some(&sensors[place]));
        (feeding.is_some(), feeding.is_some_and(|c| c.used))
    };
    let highest_pa = mold.press.as_ref().map_or_else(
        || keeper.network().map_or(1e8, |n| n.about.highest_pa),
        |p| p.max_injection_pressure,
    );
    let drawn = geometry::view(
        keeper.mold(),
        &model,
        &places,
        &real,
        release.clone(),
        highest_pa,
    );

    let shared = Arc::new(Shared::default());
    // The lot in the hopper is still the one entered last.
    let entered = recorder.book().entries(Some(EntryKind::Lot), None, 1);
    let lot = entered
        .ok()
        .and_then(|e| Some(e.first()?.form.get("lot")?.as_str()?.to_owned()));
    let brain = Arc::new(Mutex::new(Brain::default()));
    with(&brain, |b| {
        b.latents = latents_now(&keeper);
        b.trust = trust(&keeper.trust, keeper.setup(), 0);
        b.cycle_s = keeper.cycle_s();
        b.lot.clone_from(&lot);
        b.viscosity_before = keeper.effective_viscosity();
    });
    let limits = Arc::new(Mutex::new(config.limits.clone()));
    let (to_shots, told) = sync_channel(64);
    let (to_line, from_shots) = sync_channel(16);
    let context = ShotContext {
        mold: mold.name.clone(),
        material: mold.material.clone(),
        lot: lot.clone().unwrap_or_default(),
        ..ShotContext::default()
    };
    let key = Arc::new(Key::default());
    let injecting = Arc::new(Injecting::default());
    let fill_m3 = keeper.setup().fill_volume_m3;
    let estimator = Estimator::new(keeper.setup().clone(), tuning);
    let parts = Parts {
        start,
        nodes: calibrations,
        sensors: sensors.clone(),
        screw_area_m2,
        estimator,
        handle,
        shared: shared.clone(),
        to_shots,
        from_shots,
        context,
        granted: realtime::Granted::default(),
        key: key.clone(),
        injecting: injecting.clone(),
    };
    let clamp_n = mold.press.as_ref().map(|p| p.clamp_force_n);
    let range = keeper
        .network()
        .map_or_else(Range::default, |n| Range::of(&n.about));
    let targets = Arc::new(TargetFile::open(
        &config.data.join("targets.json"),
        &config.targets,
    ));
    let recipe = mold
        .process
        .recipe
        .as_deref()
        .and_then(|name| models_physics::recipes::builtin(name).ok())
        .as_ref()
        .map(Setpoints::of_recipe)
        .unwrap_or_default();
    let desk = match &config.press_port {
        Some(port) => Some(reach(
            port,
            (key, injecting),
            &recipe,
            &config.data,
            recorder.book(),
        )?),
        None => None,
    };
    let limits_of_setpoints = config
        .press_port
        .as_ref()
        .and_then(|p| p.limits().ok())
        .unwrap_or_default();
    let correcting = Correcting::new(
        targets.clone(),
        crate::correcting::bounds(&config.limits, clamp_n),
        limits_of_setpoints,
        range.clone(),
        desk.clone(),
        recipe,
    );
    // People know the grade by the name on the bag.
    let grade = models_physics::cards::builtin(&mold.material)
        .map_or_else(|_| mold.material.clone(), |card| card.name);
    let mut teacher = Teacher::default();
    // Everything people wrote down before counts from the first shot on.
    if let Err(e) = teacher.look(&recorder.book(), &mold.name) {
        eprintln!("moldsight: earlier labels are not used: {e}");
    }
    let shot_path = ShotPath {
        context: Context::new(desk.clone(), recorder.book()),
        correcting,
        keeper,
        teacher,
        book: recorder.book(),
        mold: mold.name.clone(),
        sure: config.verdict.probability,
        told,
        answers: to_line.clone(),
        brain: brain.clone(),
        shared: shared.clone(),
        limits: limits.clone(),
        file,
        events: recorder.events(),
    };
    spawn("moldsight-shots", move || shot_path.run())?;
    let wires = Wires {
        config: config.clone(),
        steering: transfer.zip(desk.as_ref().map(|d| d.permit())),
        fill_m3,
    };
    spawn("moldsight-tick", move || tick_thread(parts, &wires))?;

    let fixed = Fixed {
        press: config.press.clone(),
        mold: mold.name.clone(),
        material: grade,
        sensors: sensors.clone(),
        start,
    };
    let first_snapshot = crate::snapshot::take(&fixed, &shared, &brain, desk.as_deref(), 0);
    let (live, live_now) = watch::channel::<Arc<LiveSnapshot>>(Arc::new(first_snapshot));
    tokio::spawn(publish(
        fixed,
        shared.clone(),
        brain.clone(),
        desk.clone(),
        live,
    ));
    let reference = std::fs::read_to_string(config.data.join("reference"))
        .ok()
        .and_then(|t| t.trim().parse().ok());
    let station = Arc::new(BoxStation {
        config_file: args.config.clone(),
        mold: drawn,
        recorder: recorder.clone(),
        shared,
        brain,
        limits,
        desk,
        targets,
        places: sensors,
        clamp_n,
        range,
        to_line,
        shelf: find::shelf(),
        release,
        start,
        restart_needed: AtomicBool::new(false),
        reference: Mutex::new(reference),
        since: crate::health::Since::default(),
        config,
    });
    tokio::spawn(crate::health::watch(station.clone()));
    println!("moldsight: {}", server.url());
    if let Some(fingerprint) = server.fingerprint() {
        println!("moldsight: SHA-256 of its certificate {fingerprint}");
    }
    if let Some(first) = first {
        println!(
            "moldsight: first login `{}`, password `{}`; it must be changed",
            first.user, first.password
        );
    }
    if args.login_link {
        let link = accounts.login_link("engineer", LINK_TIME)?;
        println!("moldsight: one-time login {}{link}", server.url());
    }
    crate::notify::ready();
    tokio::spawn(crate::notify::watchdog());
    server
        .run(station, live_now, prometheus::Registry::new(), stop())
        .await?;
    crate::notify::stopping();
    if let Ok(recorder) = Arc::try_unwrap(recorder) {
        recorder.close();
    }
    Ok(())
}

/// Goes on from what an earlier run learned, and says what it found.
fn recall(file: &BeliefFile, keeper: &mut Keeper, events: &Events) {
    let (kind, text) = match file.recall(keeper) {
        Recalled::Nothing => return,
        Recalled::Back { away_s } => (
            EventKind::BeliefBack,
            format!("goes on with what shots taught until {away_s:.0} s ago; trust is earned anew"),
        ),
        Recalled::SetAside { reason, file } => (
            EventKind::BeliefSetAside,
            format!(
                "starts from the mold's prior: what the last run learned is set aside as {}: {reason}",
                file.display()
            ),
        ),
    };
    println!("moldsight: {text}");
    events.tell(kind.word(), "moldsight", &text);
}

fn spawn(name: &str, work: impl FnOnce() + Send + 'static) -> Result<(), DaemonError> {
    std::thread::Builder::new()
        .name(name.into())
        .spawn(work)
        .map(|_| ())
        .map_err(|source| DaemonError::System {
            doing: "starting a thread",
            source,
        })
}

fn web_settings(web: &WebConfig, data: &Path) -> Result<WebSettings, DaemonError> {
    let tls = match (web.tls.as_str(), &web.certificate, &web.key) {
        ("generated", _, _) => Tls::Generated {
            folder: data.join("tls"),
            names: web.names.clone(),
        },
        ("own", Some(certificate), Some(key)) => Tls::Own {
            certificate: certificate.clone(),
            key: key.clone(),
        },
        _ => Tls::Off,
    };
    Ok(WebSettings {
        listen: web.listen,
        tls,
        allow_plain: web.allow_plain,
        metrics_listen: web.metrics_listen,
        ..WebSettings::default()
    })
}

/// Ready when the box is asked to stop.
async fn stop() {
    use tokio::signal::unix::{SignalKind, signal};
    let (Ok(mut term), Ok(mut int)) = (
        signal(SignalKind::terminate()),
        signal(SignalKind::interrupt()),
    ) else {
        return std::future::pending().await;
    };
    tokio::select! {
        _ = term.recv() => {}
        _ = int.recv() => {}
    }
}
