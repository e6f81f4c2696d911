//! What clients of other stacks' making may and may not do over OPC UA and Modbus.

mod modbus;
mod opcua;

use hil_press_sim::PressHandle;
use hil_press_sim::control::CycleData;
use hil_press_sim::controller::{Act, Operating};
use models_physics::{molds, recipes};

/// A press nobody runs: its controller.
fn press() -> PressHandle {
    let mold = molds::builtin("plate-ps").expect("shipped");
    let recipe = recipes::builtin("plate-ps").expect("shipped");
    PressHandle::new(mold, recipe)
}

/// Each state in which nobody may write, with the way back.
fn closed() -> [(Act, Act); 4] {
    let automatic = || Act::Run(Operating::Automatic);
    [
        (Act::Release(false), Act::Release(true)),
        (Act::Freeze(true), Act::Freeze(false)),
        (Act::Run(Operating::Manual), automatic()),
        (Act::Run(Operating::Setup), automatic()),
    ]
}

/// Cycle data in which every number differs.
fn cycle(shot: u64) -> CycleData {
    CycleData {
        job_cycle_counter: shot,
        machine_cycle_counter: shot + 3,
        cycle_time_s: 25.5,
        cushion_stroke_mm: 8.25,
        mold_temperature_celsius: 50.5,
        ..CycleData::default()
    }
}

#[test]
fn cycle_data_have_the_names_of_their_fields() {
    let text = serde_json::to_value(cycle(1)).expect("plain numbers");
    let fields = text.as_object().expect("a struct");
    let numbers = cycle(1).numbers();
    assert_eq!(fields.len(), numbers.len() + 2);
    for (name, value) in numbers {
        assert_eq!(fields[name].as_f64(), Some(value), "{name}");
    }
}
