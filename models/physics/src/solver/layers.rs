//! The gap-wise grid: layers from the mid-plane (0) to the wall (1) of the half gap or radius.

/// Cross-section of a control volume: what the gap coordinate means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Section {
    /// Two parallel walls; the coordinate runs from the mid-plane to one wall.
    Slot,
    /// A round channel; the coordinate is the radius.
    Tube,
}

/// Layer weights for one kind of cross-section, all dimensionless.
#[derive(Clone, Debug)]
pub struct SectionLayers {
    /// Share of the volume in each layer; sums to 1.
    pub volume: Vec<f64>,
    /// Flow moment of each layer: integral of `z^2 dz` (slot) or `r^3 dr` (tube).
    pub moment: Vec<f64>,
    /// ln of the place where the layer's stress is evaluated: the moment-weighted centre, which
    /// integrates a linear fluidity exactly.
    pub ln_stress_at: Vec<f64>,
    /// Conduction factor of the face between layer k and k+1, over the squared half gap.
    pub face: Vec<f64>,
    /// Wall area over volume, times the half gap: 1 for a slot, 2 for a tube.
    pub wall: f64,
    /// Velocity at the inner face of a layer less that at its outer face, per unit fluidity.
    pub shear: Vec<f64>,
    /// Layer-mean velocity less that at its outer face, per unit fluidity.
    pub shear_mean: Vec<f64>,
}

/// Layers shared by every control volume of a model.
#[derive(Clone, Debug)]
pub struct LayerGrid {
    /// Faces, from 0 (mid-plane) to 1 (wall); one more than layers.
    pub faces: Vec<f64>,
    /// Centres of the layers.
    pub centres: Vec<f64>,
    slot: SectionLayers,
    tube: SectionLayers,
}

impl LayerGrid {
    /// `layers` layers whose faces lie at `1 - (1 - k/n)^grading`; above 1 they thin towards the wall.
    pub fn new(layers: usize, grading: f64) -> Self {
        let n = layers as f64;
        let faces: Vec<f64> = (0..=layers)
            .map(|k| 1.0 - (1.0 - k as f64 / n).powf(grading))
            .collect();
        let centres: Vec<f64> = faces.windows(2).map(|f| 0.5 * (f[0] + f[1])).collect();
        let slot = section(&faces, &centres, Section::Slot);
        let tube = section(&faces, &centres, Section::Tube);
        Self {
            faces,
            centres,
            slot,
            tube,
        }
    }

    /// Number of layers.
    pub fn len(&self) -> usize {
        self.centres.len()
    }

    /// True for a grid without layers.
    pub fn is_empty(&self) -> bool {
        self.centres.is_empty()
    }

    /// The weights of one kind of cross-section.
    pub fn section(&self, section: Section) -> &SectionLayers {
        match section {
            Section::Slot => &self.slot,
            Section::Tube => &self.tube,
        }
    }
}

fn section(faces: &[f64], centres: &[f64], kind: Section) -> SectionLayers {
    let n = centres.len();
    let power = |p: i32, k: usize| (faces[k + 1].powi(p) - faces[k].powi(p)) / f64::from(p);
    let per_layer = |f: &dyn Fn(usize) -> f64| (0..n).map(f).collect::<Vec<f64>>();
    let (volume, moment, centre) = match kind {
        Section::Slot => (
            per_layer(&|k| power(1, k)),
            per_layer(&|k| power(3, k)),
            per_layer(&|k| power(4, k) / power(3, k)),
        ),
        Section::Tube => (
            per_layer(&|k| 2.0 * power(2, k)),
            per_layer(&|k| power(4, k)),
            per_layer(&|k| power(5, k) / power(4, k)),
        ),
    };
    let face = (0..n - 1)
        .map(|k| {
            let per_distance = 1.0 / (centres[k + 1] - centres[k]);
            match kind {
                Section::Slot => per_distance,
                Section::Tube => 2.0 * faces[k + 1] * per_distance,
            }
        })
        .collect();
    let shear = per_layer(&|k| power(2, k));
    // Mean over the layer's volume of the integral of z' dz' from z to the outer face.
    let shear_mean = per_layer(&|k| {
        let (a, b) = (faces[k], faces[k + 1]);
        match kind {
            Section::Slot => (b * b * (b - a) - (b.powi(3) - a.powi(3)) / 3.0) / (2.0 * (b - a)),
            Section::Tube => {
                (b * b * (b * b - a * a) / 2.0 - (b.powi(4) - a.powi(4)) / 4.0) / (b * b - a * a)
            }
        }
    });
    SectionLayers {
        volume,
        moment,
        ln_stress_at: centre.into_iter().map(f64::ln).collect(),
        face,
        wall: if kind == Section::Slot { 1.0 } else { 2.0 },
        shear,
        shear_mean,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn layer_means_add_up_to_the_flow_of_the_whole_gap() {
        for kind in [Section::Slot, Section::Tube] {
            let grid = LayerGrid::new(9, 1.4);
            let s = grid.section(kind);
            // Any fluidity, constant within each layer.
            let phi: Vec<f64> = (0..9).map(|k| 1.0 + (k as f64 * 0.7).sin()).collect();
            let mut outer = 0.0;
            let mut flow = 0.0;
            for k in (0..9).rev() {
                flow += s.volume[k] * (outer + phi[k] * s.shear_mean[k]);
                outer += phi[k] * s.shear[k];
            }
            // Tube: flow over area is the integral of r^3 phi dr, as 2 * (1/2) * moment.
            let want: f64 = (0..9).map(|k| s.moment[k] * phi[k]).sum();
            assert!((flow - want).abs() < 1e-14, "{kind:?}: {flow} {want}");
        }
    }

    #[test]
    fn volumes_sum_to_one() {
        let grid = LayerGrid::new(16, 1.3);
        for kind in [Section::Slot, Section::Tube] {
            assert!((grid.section(kind).volume.iter().sum::<f64>() - 1.0).abs() < 1e-14);
        }
    }
}
