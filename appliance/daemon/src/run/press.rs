//! The thread that talks to the press.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use appliance_pipeline::guard::Guard;
use appliance_pipeline::ports::Setpoints;
use appliance_press::{ByHand, Press, PressPort, Profile};
use appliance_recorder::Book;

use super::spawn;
use crate::error::DaemonError;
use crate::press::{Desk, Injecting, Key, PressConfig, link, task};

/// Starts the thread that talks to the press; `recipe` is where one stands that is set by hand.
pub(super) fn reach(
    port: &PressConfig,
    lines: (Arc<Key>, Arc<Injecting>),
    recipe: &Setpoints,
    data: &Path,
    book: Book,
) -> Result<Arc<Desk>, DaemonError> {
    let folder = data.join("press");
    std::fs::create_dir_all(&folder).map_err(|source| DaemonError::Write {
        path: folder.clone(),
        source,
    })?;
    let limits = port.limits().map_err(|(key, reason)| DaemonError::Config {
        path: port.profile.clone(),
        key,
        reason,
    })?;
    let (press, fixed) = if port.no_wire() {
        let press = Press::ByHand(ByHand::open(recipe, &limits, &folder)?);
        let fixed = link::Fixed::by_hand(press.abilities().clone(), folder.clone());
        (press, fixed)
    } else {
        let mut profile = Profile::find(&port.profile)?;
        if let Some(address) = &port.address {
            profile = profile.reached_at(address);
        }
        let fixed = link::Fixed::new(&profile, folder.clone());
        (Press::open(&profile, &folder)?, fixed)
    };
    let settings = port.guard(&fixed.abilities, fixed.advice_s);
    let (orders, taken) = tokio::sync::mpsc::unbounded_channel();
    let guard =
        |memory: Option<&_>| Guard::new(settings, limits, memory, 0.0).map_err(DaemonError::from);
    let memory = folder.join("guard.json");
    let desk = Arc::new(Desk::new(
        fixed, lines, guard, limits, memory, book, orders,
    )?);
    let (mine, every) = (desk.clone(), Duration::from_secs_f64(port.read_every_s));
    spawn("moldsight-press", move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build();
        match runtime {
            Ok(runtime) => runtime.block_on(task::run(press, mine, taken, every)),
            Err(e) => eprintln!("moldsight: the thread of the press cannot start: {e}"),
        }
    })?;
    Ok(desk)
}
