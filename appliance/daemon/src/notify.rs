//! What systemd is told: ready, alive, stopping. Nothing where there is no systemd.

use std::os::unix::net::UnixDatagram;
use std::time::Duration;

fn tell(state: &str) {
    let Some(path) = std::env::var_os("NOTIFY_SOCKET") else {
        return;
    };
    let sent = UnixDatagram::unbound().and_then(|s| s.send_to(state.as_bytes(), path));
    if let Err(e) = sent {
        eprintln!("moldsight: systemd does not listen: {e}");
    }
}

/// The box is up.
pub fn ready() {
    tell("READY=1");
}

/// The box is going down.
pub fn stopping() {
    tell("STOPPING=1");
}

/// Signs of life at half the time systemd waits for them.
pub async fn watchdog() {
    let Some(us) = std::env::var("WATCHDOG_USEC")
        .ok()
        .and_then(|t| t.parse::<u64>().ok())
    else {
        return;
    };
    let mut every =
        tokio::time::interval(Duration::from_micros(us / 2).max(Duration::from_millis(100)));
    loop {
        every.tick().await;
        tell("WATCHDOG=1");
    }
}
