//! Order of convergence in time and through the gap.

use super::bench::{self, FIXED_WALL};
use super::slab::{self, Cooling};
use super::{CaseError, Row, Rows, compression, packing};

/// From three results, each with half the step of the one before: no reference enters.
fn observed([coarse, middle, fine]: [f64; 3]) -> f64 {
    ((coarse - middle) / (middle - fine)).abs().log2()
}

/// Orders of V7 through the gap, of V11 and V15 in time.
pub fn rows() -> Rows {
    let centre = |layers| -> Result<f64, CaseError> {
        let model = slab::slab(layers, FIXED_WALL)?;
        let mut run = Cooling::new(&model)?;
        run.until(1.0, 0.005)?;
        Ok(bench::mean_k(&model, &run.state, 1))
    };
    let gap = observed([centre(8)?, centre(16)?, centre(32)?]);
    let packing = observed([packing::end_wall(3e-3, 1e-4)?, packing::end_wall(3e-3, 5e-5)?, packing::end_wall(3e-3, 2.5e-5)?]);
    let heat = observed([compression::rise_k(40e6, 50)?, compression::rise_k(40e6, 100)?, compression::rise_k(40e6, 200)?]);
    Ok(vec![
        Row::of_order("order-gap", "V7: order through the gap, 8 to 32 layers", 2.0, 1.8, gap),
        Row::of_order("order-time-packing", "V11: order in time", 1.0, 0.9, packing),
        Row::of_order("order-time-compression", "V15: order in time", 1.0, 0.9, heat),
    ])
}
