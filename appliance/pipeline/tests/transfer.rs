//! Transfer planned within a shot: only with room, only inside it, only before the press, and only where it is sure.
#![allow(clippy::unwrap_used, reason = "helpers of tests are tests")]

use appliance_pipeline::guard::{NoRoom, Room, Rule};
use appliance_pipeline::phase::CyclePhase;
use appliance_pipeline::setup::ATMOSPHERE_PA;
use appliance_pipeline::transfer::{Held, Law, Moment, Planner, Wanted};
use proptest::prelude::*;

const FILL_M3: f64 = 11e-6;
const DOSE_M3: f64 = 16e-6;
const RATE: f64 = 25e-6;
const DT: f64 = 1e-3;

const ROOM: Room = Room {
    reference: 11.6e-6,
    low: 10.6e-6,
    high: 11.6e-6,
};

/// Screw, clock and mold of a press; estimates are exact but for their own scatter.
struct Press {
    planner: Planner,
    now_s: f64,
    /// Factor of the pressure in this shot.
    thick: f64,
    sd_pa: f64,
}

/// Pressure at the place: nothing before the front, then rising, steeply once the mold is full.
fn pressure(injected: f64, thick: f64) -> f64 {
    let after_front = (injected - 6e-6).max(0.0) / 1e-6;
    let after_full = (injected - 10.8e-6).max(0.0) / 1e-6;
    ATMOSPHERE_PA + thick * (2e6 * after_front + 40e6 * after_full)
}

/// Injected volume at which the pressure is reached.
fn truth(pa: f64, thick: f64) -> f64 {
    let (mut low, mut high) = (0.0, 20e-6);
    for _ in 0..60 {
        let middle = 0.5 * (low + high);
        if pressure(middle, thick) < pa {
            low = middle;
        } else {
            high = middle;
        }
    }
    high
}

impl Press {
    fn new(law: Law) -> Self {
        Self {
            planner: Planner::new(law, FILL_M3),
            now_s: 0.0,
            thick: 1.0,
            sd_pa: 0.2e6,
        }
    }

    fn at(&mut self, phase: CyclePhase, screw_m3: f64) {
        self.now_s += DT;
        let injected = DOSE_M3 - screw_m3;
        let pa = pressure(injected, self.thick);
        self.planner.see(Moment {
            time_s: self.now_s,
            phase,
            screw_m3,
            pressure_pa: [pa, self.sd_pa],
        });
    }

    fn rest(&mut self) {
        for _ in 0..400 {
            self.at(CyclePhase::Idle, DOSE_M3);
        }
    }

    /// Injects up to a volume.
    fn inject(&mut self, from_m3: f64, to_m3: f64) {
        let mut injected = from_m3;
        while injected < to_m3 {
            self.at(CyclePhase::Fill, DOSE_M3 - injected);
            injected += RATE * DT;
        }
    }

    /// A whole shot, transferred at a volume; ends with the screw at rest again.
    fn mold(&mut self, transfer_m3: f64) {
        self.rest();
        self.inject(0.0, transfer_m3);
        for _ in 0..20 {
            self.at(CyclePhase::Hold, DOSE_M3 - transfer_m3);
        }
        self.rest();
    }
}

fn armed(volume_m3: f64) -> (Press, Wanted) {
    let mut press = Press::new(Law::InjectedVolume(volume_m3));
    press.rest();
    let wanted = press.planner.wants(Ok(ROOM)).unwrap();
    (press, wanted)
}

#[test]
fn a_volume_is_wanted_from_the_resting_screw_until_the_press_has_transferred() {
    let (mut press, wanted) = armed(11e-6);
    assert_eq!((wanted.volume_m3, wanted.press_m3), (11e-6, 11.6e-6));
    assert!((wanted.rest_m3 - DOSE_M3).abs() < 1e-12 && wanted.in_time());
    // In fill it stands, counted from where the screw rested.
    press.inject(0.0, 8e-6);
    let filling = press.planner.wants(Ok(ROOM)).unwrap();
    assert!((filling.rest_m3 - DOSE_M3).abs() < 1e-12);
    let left = 3e-6 / RATE;
    assert!((filling.left_s - left).abs() < 0.01, "{filling:?}");
    assert!(filling.in_time());
    press.inject(8e-6, 10.5e-6);
    let close = press.planner.wants(Ok(ROOM)).unwrap();
    assert!(!close.in_time(), "{close:?}");
    press.at(CyclePhase::Hold, DOSE_M3 - 11e-6);
    assert_eq!(press.planner.wants(Ok(ROOM)), Err(Held::PastFill));
}

#[test]
fn nothing_is_wanted_while_the_screw_moves_or_is_not_measured() {
    let mut press = Press::new(Law::InjectedVolume(11e-6));
    assert_eq!(press.planner.wants(Ok(ROOM)), Err(Held::ScrewUnknown));
    for k in 0..1000 {
        // It doses: half a cubic centimetre in a tenth of a second.
        press.at(CyclePhase::Idle, 10e-6 + 5e-9 * f64::from(k));
        assert_eq!(press.planner.wants(Ok(ROOM)), Err(Held::ScrewUnknown));
    }
    press.rest();
    assert!(press.planner.wants(Ok(ROOM)).is_ok());
    press.at(CyclePhase::Idle, f64::NAN);
    assert_eq!(press.planner.wants(Ok(ROOM)), Err(Held::ScrewUnknown));
    // A shot that begins before the one before was seen to end has no start.
    press.rest();
    press.at(CyclePhase::Cool, DOSE_M3);
    press.at(CyclePhase::Fill, DOSE_M3);
    assert_eq!(press.planner.wants(Ok(ROOM)), Err(Held::ScrewUnknown));
}

#[test]
fn what_lies_outside_the_room_is_told() {
    let wants = |volume, room| armed_with(volume, room).unwrap_err();
    assert_eq!(wants(10.5e-6, ROOM), Held::TooEarly(10.5e-6, ROOM.low));
    assert_eq!(
        wants(11.7e-6, ROOM),
        Held::PressEarlier(11.7e-6, ROOM.reference)
    );
    let low = Room {
        high: 11.2e-6,
        ..ROOM
    };
    assert_eq!(wants(11.4e-6, low), Held::TooLate(11.4e-6, 11.2e-6));
    assert!(matches!(wants(f64::NAN, ROOM), Held::TooEarly(..)));
    let wide = Room {
        reference: 30e-6,
        low: 5e-6,
        high: 30e-6,
    };
    assert!(matches!(wants(17e-6, wide), Held::LittleMelt(_)));
}

fn armed_with(volume_m3: f64, room: Room) -> Result<Wanted, Held> {
    let mut press = Press::new(Law::InjectedVolume(volume_m3));
    press.rest();
    press.planner.wants(Ok(room))
}

proptest! {
    /// Whatever is asked for and allowed: what is wanted lies inside the room, before the press and within the melt; and nothing
    /// is wanted without room.
    #[test]
    fn never_outside_the_room(
        volume in 0.0..20e-6_f64,
        reference in 5e-6..15e-6_f64,
        below in 0.0..3e-6_f64,
        above in -1e-6..1e-6_f64,
        phase in 0..4_usize,
    ) {
        let phase = [CyclePhase::Idle, CyclePhase::Fill, CyclePhase::Hold, CyclePhase::Cool][phase];
        let mut press = Press::new(Law::InjectedVolume(volume));
        press.rest();
        press.at(phase, DOSE_M3);
        let room = Room { reference, low: reference - below, high: reference.min(reference + above) };
        if let Ok(wanted) = press.planner.wants(Ok(room)) {
            let v = wanted.volume_m3;
            prop_assert!(v >= room.low && v <= room.high && v < room.reference && v < wanted.rest_m3);
            prop_assert!(matches!(phase, CyclePhase::Idle | CyclePhase::Fill));
        }
        for why in [NoRoom::Mode, NoRoom::NoReference, NoRoom::Rule(Rule::EstimateTrusted)] {
            prop_assert_eq!(press.planner.wants(Err(why)), Err(Held::NoRoom(why)));
        }
    }
}

const LEVEL_PA: f64 = 20e6;

/// A press whose last fills are known.
fn known(fills: &[f64]) -> Press {
    let mut press = Press::new(Law::Pressure {
        place: 2,
        pa: LEVEL_PA,
    });
    for thick in fills {
        press.thick = *thick;
        press.mold(11.6e-6);
    }
    press
}

#[test]
fn a_pressure_needs_three_fills_that_reached_it() {
    for fills in 0..3 {
        let mut press = known(&vec![1.0; fills]);
        press.rest();
        let missing = 3 - fills as u32;
        assert_eq!(press.planner.wants(Ok(ROOM)), Err(Held::FewShots(missing)));
    }
    let wanted = known(&[1.0; 3]).planner.wants(Ok(ROOM)).unwrap();
    let off = wanted.volume_m3 - truth(LEVEL_PA, 1.0);
    assert!(off.abs() < 0.02e-6, "{wanted:?}");
    assert!(wanted.sd_m3 > 0.0);
}

#[test]
fn once_armed_it_finds_the_pressure_again_in_fills_that_end_there() {
    let mut press = known(&[1.0; 3]);
    for _ in 0..10 {
        let wanted = press.planner.wants(Ok(ROOM)).unwrap();
        let off = wanted.volume_m3 - truth(LEVEL_PA, 1.0);
        assert!(off.abs() < 0.03e-6, "{wanted:?}");
        press.mold(wanted.volume_m3);
    }
}

#[test]
fn what_is_not_sure_or_not_reached_is_not_armed() {
    // The last fill stayed far below, whatever the ones before did.
    let mut press = known(&[1.0, 1.0, 1.0, 0.3]);
    let held = press.planner.wants(Ok(ROOM)).unwrap_err();
    assert!(matches!(held, Held::NotReached(_)), "{held:?}");
    // Estimates that could be anything.
    press = Press::new(Law::Pressure {
        place: 2,
        pa: LEVEL_PA,
    });
    press.sd_pa = 20e6;
    (0..4).for_each(|_| press.mold(11.6e-6));
    let held = press.planner.wants(Ok(ROOM)).unwrap_err();
    assert!(matches!(held, Held::Unsure(..)), "{held:?}");
    // A fill that is another process.
    press = known(&[1.0; 4]);
    press.thick = 1.6;
    press.inject(0.0, 9.5e-6);
    let held = press.planner.wants(Ok(ROOM)).unwrap_err();
    assert!(matches!(held, Held::Unlike(_)), "{held:?}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    /// A thicker or thinner fill moves the crossing, and the estimate in the fill says where to before it is there.
    #[test]
    fn the_running_fill_moves_the_crossing(fills in proptest::collection::vec(0.95..1.05_f64, 3..6), thick in 0.85..1.15_f64) {
        let mut press = known(&fills);
        press.thick = thick;
        press.inject(0.0, 9e-6);
        let crossing = truth(LEVEL_PA, thick);
        match press.planner.wants(Ok(ROOM)) {
            Ok(wanted) => {
                let off = (wanted.volume_m3 - crossing).abs();
                prop_assert!(off < 0.05e-6, "{off:e} {wanted:?}");
                prop_assert!(wanted.volume_m3 >= ROOM.low && wanted.volume_m3 <= ROOM.high);
            }
            Err(held) => prop_assert!(crossing > 11.5e-6, "{held:?} at {crossing:e}"),
        }
    }
}
