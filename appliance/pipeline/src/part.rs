//! The part at the end of a shot, by the witness at the latents believed in.

use models_physics::shot::Product;

use crate::walker::Walker;

/// What the box predicts of a part, each with its standard deviation.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Part {
    /// Relative change of volume per Pa and per K where the melt freezes.
    sensitivity: [f64; 2],
    /// Mass of the product at the end of the shot, feed system excluded, kg: density at the pressure and temperature of each layer when its
    /// gate froze, by the witness.
    pub mass_kg: [f64; 2],
    /// Mean volumetric shrinkage from the unloaded cavity to room temperature, share.
    pub shrinkage: [f64; 2],
    /// Largest local volumetric shrinkage less the mean, share: what the thickest or last held place loses more than its surroundings. A
    /// mark is usually seen from one to two percent on.
    pub sink: [f64; 2],
    /// Share of the product's volume that stayed empty when the shot ended: above zero the part is short.
    pub short_share: f64,
    /// Largest force that opened the mold over the clamp force of the press: the sum over the full part and runner of pressure above
    /// atmosphere times projected area. From 1 on the parting line opens and the mold flashes; NaN when the mold's file names
    /// no press. Worn parting lines flash earlier: this says nothing of them.
    pub flash: [f64; 2],
    /// Highest temperature in the product, K.
    pub hottest_k: [f64; 2],
    /// Share of the melt below the no-flow temperature.
    pub frozen: f64,
}

impl Part {
    /// Of the witness's state, still without bands.
    pub fn new(walker: &Walker) -> Self {
        let (state, model) = (walker.observer().state(), walker.observer().model());
        let product = Product::new(model, state);
        let melt = model.melt.tait.point(model.melt.no_flow_k, 2e7);
        Self {
            sensitivity: [(melt.dv_dp / melt.v).abs(), (melt.dv_dt / melt.v).abs()],
            mass_kg: [product.mass, 0.0],
            shrinkage: [product.mean_shrinkage, 0.0],
            sink: [
                (product.largest_shrinkage - product.mean_shrinkage).max(0.0),
                0.0,
            ],
            short_share: product.short_share,
            flash: [f64::NAN; 2],
            hottest_k: [product.hottest, 0.0],
            frozen: walker.frozen(),
        }
    }

    /// Takes the largest opening force over the clamp force; its band is that of the pressure (Pa, with its standard deviation) at the end
    /// of the flow.
    pub fn clamp(&mut self, ratio: f64, [pressure, sd]: [f64; 2]) {
        self.flash = [ratio, ratio * sd / pressure.max(sd)];
    }

    /// With bands from those of pressure (Pa) and temperature (K) where the gate froze: mass follows pressure by the melt's
    /// compressibility and temperature by its expansion.
    pub fn with_bands(mut self, pressure_sd: f64, temperature_sd: f64) -> Self {
        let [by_pressure, by_temperature] = self.sensitivity;
        let relative = (by_pressure * pressure_sd).hypot(by_temperature * temperature_sd);
        self.mass_kg[1] = self.mass_kg[0] * relative;
        self.shrinkage[1] = relative;
        self.sink[1] = relative;
        self.hottest_k[1] = temperature_sd;
        self
    }
}
