//! The thread that talks to the press: reads it, feeds its heartbeat, writes what the guard ordered.

use std::sync::Arc;
use std::time::{Duration, Instant};

use appliance_pipeline::guard::Order;
use appliance_press::{Press, PressError, PressPort};
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::time::timeout;

use super::desk::{Desk, Still};

/// Pause between two looks at what only time changes.
const TICK: Duration = Duration::from_secs(1);
/// Pause between two looks at the key.
const LOOK: Duration = Duration::from_millis(100);

/// Runs until nobody can give orders any more.
pub async fn run(
    mut press: Press,
    desk: Arc<Desk>,
    mut orders: UnboundedReceiver<Order>,
    every: Duration,
) {
    // A press that does not answer must not keep time from passing for the guard.
    let passing = desk.clone();
    let ticking = tokio::spawn(async move {
        let mut ticked = Instant::now();
        loop {
            tokio::time::sleep(LOOK).await;
            passing.look_at_key();
            passing.look_at_shot();
            if ticked.elapsed() >= TICK {
                ticked = Instant::now();
                passing.tick();
            }
        }
    });
    let mut beaten: Option<Instant> = None;
    loop {
        if let Some(pause) = press.abilities().heartbeat
            && beaten.is_none_or(|at| at.elapsed() >= pause / 2)
            && press.beat().await.is_ok()
        {
            beaten = Some(Instant::now());
            desk.beat();
        }
        match press.read().await {
            Ok(signals) => {
                // What it announced about cycles stands in the signals as well.
                press.finished();
                let stale = signals.age_s > press.silent_after_s();
                desk.reading(signals, stale);
            }
            Err(error) => desk.lost(&error),
        }
        // A heartbeat is due more often than a reading where the press asks for it.
        let pause = press
            .abilities()
            .heartbeat
            .map_or(every, |h| every.min(h / 2));
        match timeout(pause, orders.recv()).await {
            // Between the order and here the press may have been lost, the box taken off it, or the next shot have begun.
            Ok(Some(order)) => match desk.stands(&order) {
                Still::Withdrawn => desk.withdrawn(&order),
                Still::TooLate => desk.too_late(&order),
                Still::Stands => {
                    if let Err(error) = press.apply(&order.change).await {
                        // Sent and not read back, or an edit by somebody at the press: the next readings tell.
                        if !matches!(
                            error,
                            PressError::Unconfirmed { .. } | PressError::Edited { .. }
                        ) {
                            desk.refused(&order, &error);
                        }
                    }
                }
            },
            Ok(None) => break,
            Err(_) => {}
        }
    }
    ticking.abort();
}
