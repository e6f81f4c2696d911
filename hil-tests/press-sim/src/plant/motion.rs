//! The machine's side of a shot: when it does what, where its screw is.

use std::sync::Arc;

use models_physics::latents::{Latent, Latents};
use models_physics::mold::Press;
use models_physics::recipe::Recipe;
use models_physics::shot::{Phase, Shot};

use super::{ATMOSPHERE_PA, Plant};
use crate::course::Track;

/// The machine's side of a shot: times of the cycle, screw, specific pressure.
pub(super) struct Motion {
    /// Start of the cycle, start of injection, every moment, ejection, end of the cycle.
    pub(super) time_s: Arc<Vec<f64>>,
    pub(super) injected: Track,
    pub(super) screw_mm: Track,
    pub(super) specific_mpa: Track,
    pub(super) transfer_s: f64,
    pub(super) hold_end_s: f64,
    pub(super) plastification_s: f64,
    pub(super) cushion: f64,
    pub(super) transfer_stroke_mm: f64,
    pub(super) transfer_mpa: f64,
}

impl Motion {
    pub(super) fn of(
        shot: &Shot,
        recipe: &Recipe,
        press: &Press,
        latents: &Latents,
        plant: &Plant,
    ) -> Self {
        let cycle = &plant.scenario.cycle;
        let (start, eject) = (cycle.close_s, shot.part.ejected_at);
        let transfer_s = shot.transfer_at.unwrap_or(eject);
        let hold_end_s = transfer_s + recipe.hold_time_s();
        let kept = 1.0 - latents[Latent::HoldLoss];
        let specific = |inlet: f64| ATMOSPHERE_PA + (inlet - ATMOSPHERE_PA) / kept;
        let mm = 1e3 / press.screw_area();

        let mut time = vec![0.0, start];
        time.extend(shot.moments.iter().map(|m| start + m.time));
        time.extend([start + eject + 0.01, start + eject + cycle.open_s]);
        let time_s = Arc::new(time);

        let rest = ATMOSPHERE_PA * 1e-6;
        let mut specific_mpa = vec![rest, rest];
        let mut injected = vec![0.0, 0.0];
        let mut screw = vec![(0.0, recipe.dose_volume), (start, recipe.dose_volume)];
        // In fill the solver takes the leakage off the screw's rate; in hold the screw makes up for it.
        let (mut leaked, mut before, mut cushion) = (0.0, transfer_s, recipe.dose_volume);
        let (mut transfer_stroke_mm, mut transfer_mpa) = (0.0, rest);
        for moment in &shot.moments {
            let p = specific(moment.inlet_pressure);
            specific_mpa.push(p * 1e-6);
            injected.push(moment.injected);
            if moment.phase == Phase::Hold {
                leaked += latents[Latent::Leakage]
                    * (p - ATMOSPHERE_PA).max(0.0)
                    * (moment.time - before).max(0.0);
                before = moment.time;
            }
            let left = (recipe.dose_volume - moment.injected - leaked).max(0.0);
            match moment.phase {
                Phase::Fill => (transfer_stroke_mm, transfer_mpa) = (left * mm, p * 1e-6),
                Phase::Hold => {}
                Phase::Cool => continue,
            }
            cushion = left;
            screw.push((start + moment.time, left));
        }
        specific_mpa.extend([rest, rest]);
        injected.extend([0.0, 0.0]);
        let begins = hold_end_s
            + cycle
                .plastification_delay_s
                .min(0.5 * recipe.cooling_time_s);
        let plastification_s = cycle.plastification_s.min((eject - begins).max(0.1));
        screw.extend([
            (start + begins, cushion),
            (start + begins + plastification_s, recipe.dose_volume),
        ]);
        for point in &mut screw {
            point.1 *= mm;
        }
        Self {
            injected: Track {
                time_s: time_s.clone(),
                values: injected,
            },
            specific_mpa: Track {
                time_s: time_s.clone(),
                values: specific_mpa,
            },
            screw_mm: Track::of(&screw),
            time_s,
            transfer_s,
            hold_end_s,
            plastification_s,
            cushion,
            transfer_stroke_mm,
            transfer_mpa,
        }
    }
}
