//! Claims about the material laws, on bare constants (cards are tested in `cards.rs`).
#![allow(clippy::unwrap_used)] // helpers of tests may panic

use models_physics::laws::{
    Conductivity, Cross, CrossWlf, HeatCapacity, NoFlow, PowerLaw, Rheology, Tait, TaitMelt,
    WallContact, ZeroShearWlf,
};
use models_units::{Pressure, ShearRate, Temperature};
use proptest::prelude::*;

const PS: CrossWlf = CrossWlf {
    n: 0.252,
    tau_star: 30800.0,
    d1: 4.76e10,
    d2: 373.15,
    d3: 0.51e-6,
    a1: 25.7,
    a2_tilde: 61.06,
};
const PS_TAIT: Tait = Tait {
    b1m: 9.76e-4,
    b2m: 5.8e-7,
    b3m: 1.67e8,
    b4m: 3.6e-3,
    b1s: 9.76e-4,
    b2s: 2.3e-7,
    b3s: 2.6e8,
    b4s: 3.0e-3,
    b5: 373.0,
    b6: 5.1e-7,
    b7: 0.0,
    b8: 0.0,
    b9: 0.0,
};
const HDPE_TAIT: Tait = Tait {
    b1m: 1.2495299e-3,
    b2m: 1.026e-6,
    b3m: 1.042149833644e8,
    b4m: 4.941e-3,
    b1s: 1.070046e-3,
    b2s: 2.077e-7,
    b3s: 3.3241950281e8,
    b4s: 2.46e-6,
    b5: 390.65,
    b6: 1.543e-7,
    b7: 1.89858e-4,
    b8: 2.83477e-2,
    b9: 1.023e-8,
};

fn laws(n: f64) -> [Rheology; 4] {
    [
        Rheology::Newtonian { eta: 300.0 },
        Rheology::PowerLaw(PowerLaw {
            k: 1e4,
            n,
            b: 0.02,
            t_ref: 500.0,
        }),
        Rheology::Cross(Cross {
            n,
            tau_star: 3e4,
            b: 1e-3,
            t_b: 7000.0,
        }),
        Rheology::CrossWlf(CrossWlf { n, ..PS }),
    ]
}

proptest! {
    /// The stress form the solver uses is the rate form, to rounding, over twelve decades of rate.
    #[test]
    fn stress_form_equals_rate_form(
        t_k in 385.0..600.0, p_mpa in 0.0..20.0, ln_rate in -14.0..14.0, n in 0.1..0.95,
    ) {
        let (t, p) = (Temperature::from_k(t_k), Pressure::from_mpa(p_mpa));
        let rate = f64::exp(ln_rate);
        for law in laws(n) {
            let eta = law.viscosity(t, p, ShearRate::from_per_s(rate)).unwrap().pa_s();
            let s = eta * rate / law.stress_scale();
            let stress_form = law.zero_shear(t_k, p.pa()).unwrap() / law.reduced_fluidity(s);
            prop_assert!((stress_form / eta - 1.0).abs() < 1e-9, "{law:?}: {stress_form} {eta}");
        }
    }

    /// The reduced flow curve is solved to 1e-12 and rises with stress.
    #[test]
    fn reduced_fluidity_solves_the_flow_curve(ln_s in -40.0..4.0, n in 0.2..0.98) {
        let law = Rheology::CrossWlf(CrossWlf { n, ..PS });
        let s = f64::exp(ln_s);
        let f = law.reduced_fluidity(s);
        let x = f * s;
        prop_assert!((x / (1.0 + x.powf(1.0 - n)) / s - 1.0).abs() < 1e-12);
        prop_assert!(law.reduced_fluidity(s * 1.01) >= f && f >= 1.0);
    }

    /// Faster, hotter or less squeezed melt is never thicker.
    #[test]
    fn melt_thins_with_shear_heat_and_release(t_k in 440.0..560.0, p_mpa in 1.0..120.0, rate in 1.0..1e5) {
        let eta = |t_k: f64, p_mpa: f64, rate: f64| {
            PS.viscosity(Temperature::from_k(t_k), Pressure::from_mpa(p_mpa), ShearRate::from_per_s(rate))
                .unwrap()
                .pa_s()
        };
        let here = eta(t_k, p_mpa, rate);
        prop_assert!(eta(t_k, p_mpa, rate * 1.1) <= here);
        prop_assert!(eta(t_k + 1.0, p_mpa, rate) <= here);
        prop_assert!(eta(t_k, p_mpa - 1.0, rate) <= here);
    }

    /// Analytic Tait derivatives agree with central differences on both branches.
    #[test]
    fn tait_derivatives_match_differences(t_k in 290.0..520.0, p_mpa in 0.1..200.0) {
        for tait in [PS_TAIT, HDPE_TAIT] {
            let p = p_mpa * 1e6;
            let from_transition: f64 = t_k - tait.transition_k(p);
            prop_assume!(from_transition.abs() > 0.1);
            let here = tait.point(t_k, p);
            let dp = (tait.point(t_k, p + 1e3).v - tait.point(t_k, p - 1e3).v) / 2e3;
            let dt = (tait.point(t_k + 1e-2, p).v - tait.point(t_k - 1e-2, p).v) / 2e-2;
            prop_assert!((here.dv_dp - dp).abs() < 1e-5 * dp.abs(), "{} {dp}", here.dv_dp);
            prop_assert!((here.dv_dt - dt).abs() < 1e-6 * dt.abs(), "{} {dt}", here.dv_dt);
            prop_assert!(here.dv_dp < 0.0 && here.v > 0.0);
        }
    }

    /// A tabulated law gives back its entries, lies between neighbours and integrates exactly.
    #[test]
    fn tables_interpolate(steps in prop::collection::vec((0.01..50.0f64, 800.0..3000.0f64), 2..12), at in -20.0..620.0f64) {
        let mut t = vec![0.0];
        for (step, _) in &steps[1..] {
            t.push(t[t.len() - 1] + step);
        }
        let cp: Vec<f64> = steps.iter().map(|s| s.1).collect();
        let law = HeatCapacity::from_table(&t, &cp).unwrap();
        for (t, cp) in t.iter().zip(&cp) {
            prop_assert!((law.cp(*t) - cp).abs() < 1e-9 * cp);
        }
        let scan = match t.iter().position(|&knot| knot > at) {
            Some(0) => cp[0],
            None => cp[cp.len() - 1],
            Some(i) => cp[i - 1] + (cp[i] - cp[i - 1]) * (at - t[i - 1]) / (t[i] - t[i - 1]),
        };
        prop_assert!((law.cp(at) - scan).abs() < 1e-9 * scan);
        let slope = (law.enthalpy(at + 1e-4) - law.enthalpy(at - 1e-4)) / 2e-4;
        prop_assert!((slope - scan).abs() < 0.05 * scan + 1e-4);
    }
}

#[test]
fn reduced_fluidity_is_one_at_rest_and_survives_extremes() {
    for n in [0.01, 0.2, 0.9] {
        let law = Rheology::CrossWlf(CrossWlf { n, ..PS });
        assert_eq!(law.reduced_fluidity(0.0), 1.0);
        assert!((law.reduced_fluidity(1e-300) - 1.0).abs() < 1e-2);
        for s in [0.5, 0.999, 1.0, 1.001, 3.0] {
            let f = law.reduced_fluidity(s);
            let x = f * s;
            assert!(
                (x / (1.0 + x.powf(1.0 - n)) / s - 1.0).abs() < 1e-11,
                "n {n} s {s}"
            );
        }
    }
}

#[test]
fn cross_wlf_is_silent_below_t_star() {
    let at = |t_k| {
        PS.viscosity(
            Temperature::from_k(t_k),
            Pressure::from_mpa(10.0),
            ShearRate::from_per_s(1.0),
        )
    };
    assert!(at(373.15 + 5.1 - 0.01).is_none());
    assert!(at(373.15 + 5.1 + 0.01).is_some());
    assert!(PS.zero_shear(f64::NAN, 0.0).is_none());
}

#[test]
fn conductivity_is_bilinear_and_strict_by_name() {
    let law = Conductivity::from_table(
        &[300.0, 400.0],
        &[0.0, 1e8],
        &[vec![0.1, 0.2], vec![0.3, 0.5]],
    )
    .unwrap();
    assert!((law.k(350.0, 5e7) - 0.275).abs() < 1e-15);
    assert!((law.k(200.0, 2e8) - 0.2).abs() < 1e-15);
    assert!(
        law.at(Temperature::from_k(299.0), Pressure::from_mpa(1.0))
            .is_none()
    );
    assert!(
        law.at(Temperature::from_k(301.0), Pressure::from_mpa(1.0))
            .is_some()
    );
    let constant = Conductivity::constant(0.22).unwrap();
    assert_eq!(constant.k(-5.0, 1e9), 0.22);
    assert!(
        constant
            .at(Temperature::from_k(999.0), Pressure::from_mpa(500.0))
            .is_some()
    );
    let by_pressure = Conductivity::from_table(&[300.0], &[0.0, 1e8], &[vec![0.1, 0.2]]).unwrap();
    assert!((by_pressure.k(900.0, 2.5e7) - 0.125).abs() < 1e-15);
    let by_temperature =
        Conductivity::from_table(&[300.0, 400.0], &[0.0], &[vec![0.1], vec![0.2]]).unwrap();
    assert!((by_temperature.k(350.0, 9e9) - 0.15).abs() < 1e-15);
}

#[test]
fn bad_tables_are_refused_with_the_entry() {
    let text =
        |r: Result<HeatCapacity, models_physics::laws::TableError>| r.unwrap_err().to_string();
    assert_eq!(
        text(HeatCapacity::from_table(&[], &[])),
        "the table is empty"
    );
    assert!(
        text(HeatCapacity::from_table(&[1.0, 1.0], &[1.0, 1.0])).contains("entry 1 is 1 after 1")
    );
    assert!(
        text(HeatCapacity::from_table(&[1.0, f64::NAN], &[1.0, 1.0])).contains("entry 1 is NaN")
    );
    assert!(
        text(HeatCapacity::from_table(&[1.0, 2.0], &[1.0])).contains("expected 2 values, found 1")
    );
    assert!(text(HeatCapacity::constant(-1.0)).contains("above 0, found -1"));
}

#[test]
fn small_laws_say_what_they_say() {
    let wall = WallContact::from_table(&[0.0, 1e8], &[1019.52, 5383.56]).unwrap();
    assert!((wall.htc(5e7) - 3201.54).abs() < 1e-9);
    assert_eq!((wall.as_constant(), wall.points().len()), (None, 2));
    assert_eq!(
        WallContact::constant(1250.0).unwrap().points(),
        [(0.0, 1250.0)]
    );
    assert!(
        !NoFlow {
            temperature_k: 373.15
        }
        .flows(Temperature::from_k(373.0))
    );
    let wlf = ZeroShearWlf {
        n: 0.243,
        d1: 1223.0,
        t_ref: 503.0,
        a1: 6.5,
        a2: 158.2,
    };
    assert_eq!(
        wlf.viscosity(Temperature::from_k(503.0)).unwrap().pa_s(),
        1223.0
    );
    assert!(wlf.viscosity(Temperature::from_k(340.0)).is_none());
}

/// V12b: handbook melt Tait of PS at 429 K. The card's constants are a linearisation of the handbook's.
#[test]
fn v12b_handbook_polystyrene() {
    let ps = TaitMelt {
        b1m: 9.846611e-4,
        b2m: 5.3942e-7,
        b3m: 1.5402e8,
        b4m: 4.1815e-3,
        b5: 389.0,
        t_max: Some(469.0),
        p_max: Some(2e8),
    };
    for (mpa, expected) in [(0.0, 1.005866), (50.0, 0.976660), (100.0, 0.954650)] {
        let (t, p) = (Temperature::from_k(429.0), Pressure::from_mpa(mpa));
        let found = ps.specific_volume(t, p).unwrap().cm3_per_g();
        let card = PS_TAIT.specific_volume(t, p).cm3_per_g();
        println!("V12b {mpa} MPa: handbook {found:.6}, card {card:.6}, expected {expected:.6}");
        assert!((found / expected - 1.0).abs() < 5e-4, "{found}");
        assert!((card / expected - 1.0).abs() < 5e-3, "{card}");
    }
    assert!(
        ps.specific_volume(Temperature::from_k(480.0), Pressure::from_mpa(1.0))
            .is_none()
    );
}

/// V12: Tait to the printed digits.
#[test]
fn v12_tait_to_the_printed_digits() {
    let rows = [
        (
            "PS 298.15 K",
            PS_TAIT,
            298.15,
            [0.958785, 0.946535, 0.935819],
        ),
        ("PS 433 K", PS_TAIT, 433.0, [1.010800, 0.982247, 0.960583]),
        (
            "HDPE 450.65 K",
            HDPE_TAIT,
            450.65,
            [1.311090, 1.252725, 1.213939],
        ),
    ];
    for (name, tait, t_k, expected) in rows {
        for (mpa, expected) in [0.0, 50.0, 100.0].into_iter().zip(expected) {
            let found = tait
                .specific_volume(Temperature::from_k(t_k), Pressure::from_mpa(mpa))
                .cm3_per_g();
            println!("V12 {name} {mpa} MPa: {found:.6}, expected {expected:.6}");
            assert!((found - expected).abs() <= 5.01e-7, "{name}: {found}");
        }
    }
}
