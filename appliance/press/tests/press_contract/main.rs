//! One contract, every port.

#![allow(clippy::unwrap_used, reason = "helpers of tests are tests")]

mod contract;
mod modbus;
mod security;
mod server;

use appliance_pipeline::ports::{Change, Setpoint};
use appliance_press::scripted::{Hand, Scripted};
use appliance_press::{NoPress, Port, PressError, PressPort};
use contract::{Rig, in_production, profile};

/// The scripted double.
struct ScriptedRig {
    hand: Hand,
    port: Port<Scripted>,
}

impl ScriptedRig {
    async fn start(stale_after_s: f64) -> Self {
        let hand = Hand::new(in_production());
        let abilities = profile("press-sim-opcua.toml", stale_after_s, |t| t).abilities();
        let port = Scripted::port(abilities, &hand, stale_after_s);
        Self { hand, port }
    }
}

impl Rig for ScriptedRig {
    type Port = Port<Scripted>;

    fn port(&mut self) -> &mut Self::Port {
        &mut self.port
    }

    fn hand(&self) -> Hand {
        self.hand.clone()
    }

    async fn lose(&mut self) {
        self.hand.script().gone = true;
    }

    async fn regain(&mut self) {
        self.hand.script().gone = false;
    }
}

/// Every claim, for one rig: `start(stale_after_s)` makes it, `changes` is how many random changes it is given.
macro_rules! press_contract {
    ($name:ident, $start:path, $changes:expr) => {
        mod $name {
            use super::contract;
            press_contract!(@claim $start, it_reads_what_the_press_says);
            press_contract!(@claim $start, it_writes_and_reads_back);
            press_contract!(@claim $start, a_refusal_of_the_press_is_named_and_not_repeated);
            press_contract!(@claim $start, a_change_taken_in_part_says_which_part);
            press_contract!(@claim $start, what_the_profile_forbids_is_never_sent);
            press_contract!(@claim $start, a_press_that_is_not_open_gets_nothing);
            press_contract!(@claim $start, it_reads_before_it_writes);
            press_contract!(@claim $start, an_edit_during_a_write_is_noticed_at_the_next);
            press_contract!(@claim $start, a_value_that_does_not_show_is_an_error);
            press_contract!(@claim $start, a_lost_press_is_found_again_and_read_before_it_is_written);
            press_contract!(@claim $start, a_press_that_finishes_no_cycle_is_silent);
            press_contract!(@claim $start, a_finished_cycle_is_told_once);
            press_contract!(@claim $start, the_heartbeat_beats);

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn nothing_outside_the_limits_ever_arrives() {
                contract::nothing_outside_the_limits_ever_arrives($start(60.0).await, $changes).await;
            }
        }
    };
    (@claim $start:path, $claim:ident) => {
        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $claim() {
            // Only the claim about silence waits for it.
            let stale_after_s = if stringify!($claim).contains("silent") { 1.0 } else { 60.0 };
            contract::$claim($start(stale_after_s).await).await;
        }
    };
}

press_contract!(scripted, super::ScriptedRig::start, 10_000);
press_contract!(opcua_open, super::server::OpcUaRig::open, 100);
press_contract!(opcua_signed, super::server::OpcUaRig::signed, 100);
press_contract!(opcua_encrypted, super::server::OpcUaRig::encrypted, 100);
press_contract!(modbus_tcp, super::modbus::ModbusRig::tcp, 1000);
press_contract!(modbus_rtu, super::modbus::ModbusRig::rtu, 1000);

#[tokio::test]
async fn no_press_says_nothing_and_takes_nothing() {
    let mut press = NoPress::default();
    let read = press.read().await.unwrap();
    assert_eq!((read.cycle, read.setpoints.known().count()), (None, 0));
    assert!(
        Setpoint::ALL
            .into_iter()
            .all(|s| press.abilities().writable(s).is_none())
    );
    let change = Change {
        values: vec![(Setpoint::HoldTime, 5.0)],
    };
    assert!(matches!(
        press.apply(&change).await,
        Err(PressError::NoPress)
    ));
    press.beat().await.unwrap();
    assert!(press.finished().is_empty());
}

#[tokio::test]
async fn a_press_lost_between_writing_and_reading_back_leaves_the_values_unconfirmed() {
    let mut rig = ScriptedRig::start(60.0).await;
    rig.port().read().await.unwrap();
    rig.hand().script().goes_after_write = true;
    let change = Change {
        values: vec![(Setpoint::HoldTime, 5.0)],
    };
    match rig.port().apply(&change).await {
        Err(PressError::Unconfirmed { values, source }) => {
            assert_eq!(values, change.values);
            assert!(matches!(*source, PressError::Lost { .. }));
        }
        other => panic!("{other:?}"),
    }
}
