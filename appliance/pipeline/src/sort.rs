//! Good, reject or uncertain: what the lines of the node are told about a part, and why.
//!
//! ```text
//!  no production shot, or outside a limit, or a defect, each as sure as asked ------------> Reject
//!  every limited quantity inside as sure as asked, trusted, no drift, labels cover it ----> Good
//!  everything else, and always when no limit is set --------------------------------------> Uncertain
//! ```

use crate::kind::Kind;
use crate::trust::TrustState;

/// What is said of a part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It keeps to every limit.
    Good,
    /// It does not, or is no part.
    Reject,
    /// Nobody can say.
    Uncertain,
}

/// A predicted quantity beside its limits, all in one unit.
#[derive(Clone, Debug, PartialEq)]
pub struct Judged {
    /// Name.
    pub name: String,
    /// Value; NaN where nothing is predicted.
    pub value: f64,
    /// Standard deviation.
    pub sd: f64,
    /// Lowest good value.
    pub lower: Option<f64>,
    /// Highest good value.
    pub upper: Option<f64>,
    /// Its labels left the prediction.
    pub drift: bool,
    /// Its labels do not cover this shot.
    pub out_of_range: bool,
}

/// The chance of a defect.
#[derive(Clone, Debug, PartialEq)]
pub struct Risk {
    /// Name.
    pub name: String,
    /// 0 to 1.
    pub probability: f64,
    /// Highest that a good part may have, where a limit is set.
    pub upper: Option<f64>,
}

/// Why.
#[derive(Clone, Debug, PartialEq)]
pub enum Why {
    /// Every limit is kept, the least sure with this probability.
    Inside(f64),
    /// A purge, start-up or idle shot, or one recorded only in part.
    NoPart,
    /// A quantity is outside with this probability.
    Outside(String, f64),
    /// A defect has this probability.
    Defect(String, f64),
    /// No limit is set.
    NoLimits,
    /// The estimate is not trusted now.
    NotTrusted,
    /// A limited quantity is not predicted.
    Unknown(String),
    /// The labels of a quantity left its prediction.
    Drift(String),
    /// The shot is not like those that were labelled.
    OutOfRange(String),
    /// A quantity is inside with only this probability.
    Unsure(String, f64),
}

impl Why {
    /// Key of the sentence on the page, what it is about, and a probability.
    pub fn parts(&self) -> (&'static str, Option<&str>, Option<f64>) {
        match self {
            Self::Inside(p) => ("inside", None, Some(*p)),
            Self::NoPart => ("no_part", None, None),
            Self::Outside(name, p) => ("outside", Some(name), Some(*p)),
            Self::Defect(name, p) => ("defect", Some(name), Some(*p)),
            Self::NoLimits => ("no_limits", None, None),
            Self::NotTrusted => ("not_trusted", None, None),
            Self::Unknown(name) => ("unknown", Some(name), None),
            Self::Drift(name) => ("drift", Some(name), None),
            Self::OutOfRange(name) => ("out_of_range", Some(name), None),
            Self::Unsure(name, p) => ("unsure", Some(name), Some(*p)),
        }
    }
}

impl std::fmt::Display for Why {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let percent = |p: &f64| 100.0 * p;
        match self {
            Self::Inside(p) => write!(f, "inside every limit, with {:.1} % at least", percent(p)),
            Self::NoPart => f.write_str("no production shot"),
            Self::Outside(name, p) => write!(f, "{name} outside with {:.1} %", percent(p)),
            Self::Defect(name, p) => write!(f, "{name} with {:.1} %", percent(p)),
            Self::NoLimits => f.write_str("no limits set"),
            Self::NotTrusted => f.write_str("the estimate is not trusted"),
            Self::Unknown(name) => write!(f, "{name} is not predicted"),
            Self::Drift(name) => write!(f, "the labels of {name} left its prediction"),
            Self::OutOfRange(name) => write!(f, "unlike the shots whose {name} was measured"),
            Self::Unsure(name, p) => write!(f, "{name} inside with only {:.1} %", percent(p)),
        }
    }
}

/// Probability that a Gaussian lies below `x`.
fn below(x: f64) -> f64 {
    0.5 * libm::erfc(-x / std::f64::consts::SQRT_2)
}

impl Judged {
    fn limited(&self) -> bool {
        self.lower.is_some() || self.upper.is_some()
    }

    /// Probability of lying outside the limits; `None` where nothing is predicted.
    fn outside(&self) -> Option<f64> {
        if !(self.value.is_finite() && self.sd.is_finite() && self.sd > 0.0) {
            return None;
        }
        let low = self
            .lower
            .map_or(0.0, |l| below((l - self.value) / self.sd));
        let high = self
            .upper
            .map_or(0.0, |u| below((self.value - u) / self.sd));
        Some((low + high).min(1.0))
    }
}

/// The verdict on a part; `sure` is the probability asked for, 0.5 to 1.
pub fn sort(
    kind: Kind,
    trust: TrustState,
    quantities: &[Judged],
    risks: &[Risk],
    sure: f64,
) -> (Verdict, Why) {
    if kind != Kind::Production {
        return (Verdict::Reject, Why::NoPart);
    }
    let limited = || quantities.iter().filter(|q| q.limited());
    for q in limited() {
        if let Some(p) = q.outside()
            && p >= sure
        {
            return (Verdict::Reject, Why::Outside(q.name.clone(), p));
        }
    }
    let worst = risks
        .iter()
        .max_by(|a, b| a.probability.total_cmp(&b.probability));
    if let Some(r) = worst
        && r.probability >= sure
    {
        return (Verdict::Reject, Why::Defect(r.name.clone(), r.probability));
    }
    let uncertain = |why| (Verdict::Uncertain, why);
    if limited().next().is_none() && risks.iter().all(|r| r.upper.is_none()) {
        return uncertain(Why::NoLimits);
    }
    if trust != TrustState::Trusted {
        return uncertain(Why::NotTrusted);
    }
    let mut least = 1.0;
    for q in limited() {
        let Some(outside) = q.outside() else {
            return uncertain(Why::Unknown(q.name.clone()));
        };
        if q.drift {
            return uncertain(Why::Drift(q.name.clone()));
        }
        if q.out_of_range {
            return uncertain(Why::OutOfRange(q.name.clone()));
        }
        let inside = 1.0 - outside;
        if inside < sure {
            return uncertain(Why::Unsure(q.name.clone(), inside));
        }
        least = f64::min(least, inside);
    }
    for r in risks {
        if let Some(upper) = r.upper {
            if r.probability.is_nan() {
                return uncertain(Why::Unknown(r.name.clone()));
            }
            if r.probability > upper {
                return uncertain(Why::Defect(r.name.clone(), r.probability));
            }
        }
    }
    (Verdict::Good, Why::Inside(least))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn weight(value: f64, sd: f64) -> Judged {
        Judged {
            name: "part_weight".into(),
            value,
            sd,
            lower: Some(0.0107),
            upper: Some(0.0109),
            drift: false,
            out_of_range: false,
        }
    }

    fn judge(q: Judged) -> (Verdict, Why) {
        sort(Kind::Production, TrustState::Trusted, &[q], &[], 0.95)
    }

    #[test]
    fn the_probability_decides() {
        // 1.645 sd from the one limit that is near is 95 %.
        let (verdict, why) = judge(weight(0.0107 + 1.66e-5, 1e-5));
        assert_eq!(verdict, Verdict::Good, "{why}");
        assert!(
            matches!(why, Why::Inside(p) if (0.95..0.953).contains(&p)),
            "{why:?}"
        );
        assert!(
            matches!(judge(weight(0.0107 + 1.6e-5, 1e-5)), (Verdict::Uncertain, Why::Unsure(_, p)) if p < 0.95)
        );
        assert!(matches!(
            judge(weight(0.0107 - 1.6e-5, 1e-5)),
            (Verdict::Uncertain, Why::Unsure(..))
        ));
        assert!(
            matches!(judge(weight(0.0107 - 1.66e-5, 1e-5)), (Verdict::Reject, Why::Outside(_, p)) if p >= 0.95)
        );
        // Both limits within the band: never good however central.
        assert_eq!(judge(weight(0.0108, 6e-5)).0, Verdict::Uncertain);
    }

    #[test]
    fn each_reason_is_named() {
        let good = || weight(0.0108, 1e-5);
        let open = Judged {
            lower: None,
            upper: None,
            ..good()
        };
        assert_eq!(judge(open), (Verdict::Uncertain, Why::NoLimits));
        let name = || "part_weight".to_owned();
        let drift = Judged {
            drift: true,
            ..good()
        };
        assert_eq!(judge(drift).1, Why::Drift(name()));
        let far = Judged {
            out_of_range: true,
            ..good()
        };
        assert_eq!(judge(far).1, Why::OutOfRange(name()));
        assert_eq!(judge(weight(f64::NAN, 1e-5)).1, Why::Unknown(name()));
        let of = |kind, trust| sort(kind, trust, &[good()], &[], 0.95);
        assert_eq!(
            of(Kind::StartUp, TrustState::Trusted),
            (Verdict::Reject, Why::NoPart)
        );
        for trust in [
            TrustState::Learning,
            TrustState::Watch,
            TrustState::NotTrusted,
        ] {
            assert_eq!(
                of(Kind::Production, trust),
                (Verdict::Uncertain, Why::NotTrusted)
            );
        }
        let risk = |probability, upper| Risk {
            name: "flash".into(),
            probability,
            upper,
        };
        let with = |r| sort(Kind::Production, TrustState::Trusted, &[good()], &[r], 0.95);
        assert_eq!(with(risk(0.3, None)).0, Verdict::Good);
        assert_eq!(
            with(risk(0.3, Some(0.05))),
            (Verdict::Uncertain, Why::Defect("flash".into(), 0.3))
        );
        assert_eq!(
            with(risk(0.97, None)),
            (Verdict::Reject, Why::Defect("flash".into(), 0.97))
        );
        assert_eq!(with(risk(f64::NAN, Some(0.05))).0, Verdict::Uncertain);
    }

    proptest! {
        /// Good means: production, trusted, a limit set, and the value that far inside every one of them.
        #[test]
        fn good_is_never_given_away(
            value in prop_oneof![Just(f64::NAN), Just(f64::INFINITY), -3.0..3.0_f64], sd in prop_oneof![Just(0.0), Just(f64::NAN), 0.0..2.0_f64],
            lower in prop::option::of(-2.0..0.0_f64), upper in prop::option::of(0.0..2.0_f64),
            kind in 0_usize..5, trust in 0_usize..4, drift: bool, out_of_range: bool,
        ) {
            let kind = [Kind::Production, Kind::StartUp, Kind::Purge, Kind::Idle, Kind::Broken][kind];
            let trust = [TrustState::Trusted, TrustState::Learning, TrustState::Watch, TrustState::NotTrusted][trust];
            let q = Judged { name: "x".into(), value, sd, lower, upper, drift, out_of_range };
            let (verdict, _) = sort(kind, trust, &[q], &[], 0.95);
            let far = |room: Option<f64>| room.is_none_or(|room| room >= 1.6448 * sd);
            let inside = far(lower.map(|l| value - l)) && far(upper.map(|u| u - value));
            let may = kind == Kind::Production && trust == TrustState::Trusted && !drift && !out_of_range
                && (lower.is_some() || upper.is_some()) && value.is_finite() && sd > 0.0 && inside;
            prop_assert!(may || verdict != Verdict::Good);
            prop_assert!(kind == Kind::Production || verdict == Verdict::Reject);
        }
    }
}
