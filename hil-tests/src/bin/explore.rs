use appliance_pipeline::correct::{Effect, Quantity};
use appliance_pipeline::ports::{Setpoint, Setpoints};
use hil_press_sim::Scenario;
use hil_tests::line::Line;
use models_physics::recipe::Recipe;

fn setpoints(r: &Recipe) -> Setpoints {
    let mut s = Setpoints::default();
    s[Setpoint::HoldPressure] = r.hold[0].pressure;
    s[Setpoint::HoldTime] = r.hold_time_s();
    s[Setpoint::TransferVolume] = r.transfer.injected_volume;
    s[Setpoint::InjectionRate] = r.rate_stages.last().unwrap().rate;
    s[Setpoint::MeltTemperature] = r.melt_k;
    s[Setpoint::MoldTemperature] = r.mold_k;
    s[Setpoint::CoolingTime] = r.cooling_time_s;
    s
}

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let (scenario, seed, shots) = (&args[0], args[1].parse::<u64>().unwrap(), args[2].parse::<u64>().unwrap());
    let used: Vec<&str> = args[3].split('+').collect();
    let scenario = Scenario::open(scenario).unwrap();
    let mut line = Line::new(&scenario, seed, &used);
    let places: Vec<usize> = line.keeper().setup().used.clone();
    let leak = 5e-16 / 0.97;
    let mut tracker = appliance_pipeline::correct::Tracker::new(&places, leak);
    let mut reference: Vec<f64> = Vec::new();
    println!("shot,true_g,prior_g,post_g,post_sd_g,true_visc,true_melt,visc,visc_sd,melt,melt_sd,htc,htc_sd,mold,mold_sd,comp,eof_true,eof_est,surprise,trust,gate_s,transfer_s,full_s,pk_nozzle,screw0,screw_tr,screw_min,t_recipe_s,t_effect_s,kept");
    for _ in 0..shots {
        let t0 = std::time::Instant::now();
        let m = line.mold();
        let t1 = t0.elapsed().as_secs_f64();
        let s = setpoints(&line.handle().setpoints());
        let t0 = std::time::Instant::now();
        let e = Effect::new(line.keeper(), &m.record, &s).unwrap().unwrap();
        let t2 = t0.elapsed().as_secs_f64();
        let t0 = std::time::Instant::now();
        let off = tracker.shot(&e, &s).unwrap();
        let t3 = t0.elapsed().as_secs_f64();
        if off.is_none() { reference.push(m.truth.mass_kg); }
        let r = reference.iter().sum::<f64>() / reference.len() as f64;
        if let Some(off) = &off {
            println!("T {} true {:+.5} est {:+.5} sd {:.5} g | eof {:+.3} | lat {:+.4} {:+.3} {:+.3} {:+.4} {} | true {:.3} {:+.3} | trust {:?} {:?} | {:.3} {:.3} {:.3}", m.shot, (m.truth.mass_kg - r) * 1e3, off.outcome[Quantity::PartMass] * 1e3, off.sd[Quantity::PartMass] * 1e3,
                off.outcome[Quantity::EndOfFillPressure] * 1e-6, off.latents[0], off.latents[1], off.latents[2], off.latents[3], off.understood, m.truth.latents["viscosity"], m.truth.latents["melt_temperature"], m.summary.trust.state, m.summary.trust.reason, t1, t2, t3);
        }
        if args.len() < 6 { continue; }
        let sd = e.estimate_sd().unwrap();
        let b = &line.keeper().belief;
        let ix = |n: &str| models_physics::latents::LATENTS.iter().position(|l| l.name == n).unwrap();
        let l = |n: &str| format!("{:.5},{:.5}", b.mean[ix(n)], b.sd(ix(n)));
        let at = |t: f64| m.screw_m3[((t + m.inject_s) * 200.0) as usize] * 1e6;
        let min = m.screw_m3.iter().fold(1.0f64, |a, v| a.min(*v)) * 1e6;
        let pk = m.record.rows.iter().fold(0.0f64, |a, r| a.max(f64::from(r.measured[0])));
        println!("{},{:.5},{:.5},{:.5},{:.5},{:.4},{:.4},{},{},{},{},{:.4},{:.3},{:.3},{:.2},{:?},{:.3},{:.4},{:.4},{:.3},{:.4},{:.4},{:.4},{:.3},{:.3},{:.4}",
            m.shot, m.truth.mass_kg * 1e3, m.summary.part.mass_kg[0] * 1e3, e.estimate()[Quantity::PartMass] * 1e3, sd[Quantity::PartMass] * 1e3,
            m.truth.latents["viscosity"], m.truth.latents["melt_temperature"], l("viscosity"), l("melt_temperature"), l("wall_htc"), l("mold_temperature"), b.mean[ix("compliance")] * 1e12,
            m.truth.end_of_fill_pa.iter().fold(0.0f64, |a, v| a.max(*v)) * 1e-6, m.summary.end_of_fill_pa[0] * 1e-6, m.summary.findings.surprise, m.summary.trust.state,
            m.truth.gate_freeze_s.unwrap_or(f64::NAN), m.truth.transfer_s, m.truth.full_s.unwrap_or(f64::NAN), pk * 1e-6,
            at(-0.05), at(m.truth.transfer_s), min, t1, t2, 0.0);
    }
    // Effects against the reference with a changed recipe at the truth's latents of the undisturbed mold.
    if args.len() > 4 {
        let mold = models_physics::molds::builtin("plate-ps").unwrap();
        let m = line.mold();
        let base = line.handle().setpoints();
        let s = setpoints(&base);
        let e = Effect::new(line.keeper(), &m.record, &s).unwrap().unwrap();
        let mut lat = mold.latents().unwrap();
        for (name, v) in &m.truth.latents {
            lat[models_physics::latents::Latent::from_name(name).unwrap()] = *v;
        }
        let run = |r: &Recipe| {
            let s = models_physics::shot::run_recipe(&mold, mold.press.as_ref().unwrap(), r, &lat, mold.cut(), &models_physics::shot::Keep::default()).unwrap();
            let p3 = s.probes.iter().position(|p| p.name == "p3").unwrap();
            let pk = s.moments.iter().fold(0.0f64, |a, m| a.max(m.readings[p3])) - 1e5;
            [s.part.mass * 1e3, s.part.mean_shrinkage, pk * 1e-6, s.part.clamp_force * 1e-3, s.part.hottest_at_ejection, s.part.short_share]
        };
        let r0 = run(&base);
        println!("base reference {r0:?}");
        println!("base estimate {:?}", e.estimate());
        let changes: [(Setpoint, f64); 14] = [
            (Setpoint::HoldPressure, 2e6), (Setpoint::HoldPressure, -4e6), (Setpoint::HoldTime, 1.0), (Setpoint::HoldTime, -1.5),
            (Setpoint::TransferVolume, 2e-7), (Setpoint::TransferVolume, -3e-7), (Setpoint::InjectionRate, 3e-6), (Setpoint::InjectionRate, -5e-6),
            (Setpoint::MeltTemperature, 5.0), (Setpoint::MeltTemperature, -5.0), (Setpoint::MoldTemperature, 5.0), (Setpoint::MoldTemperature, -5.0),
            (Setpoint::CoolingTime, 2.0), (Setpoint::CoolingTime, -3.0)];
        for (sp, by) in changes {
            let mut r = base.clone();
            match sp {
                Setpoint::HoldPressure => r.hold.iter_mut().for_each(|h| h.pressure += by),
                Setpoint::HoldTime => r.hold.last_mut().unwrap().time += by,
                Setpoint::TransferVolume => { r.transfer.injected_volume += by; if let Some(l) = r.rate_stages.last_mut() { l.until_injected = l.until_injected.max(r.transfer.injected_volume) } }
                Setpoint::InjectionRate => { let f = 1.0 + by / r.rate_stages.last().unwrap().rate; r.rate_stages.iter_mut().for_each(|x| x.rate *= f) }
                Setpoint::MeltTemperature => r.melt_k += by,
                Setpoint::MoldTemperature => r.mold_k += by,
                Setpoint::CoolingTime => r.cooling_time_s += by,
            }
            let ref_ = run(&r);
            let mut after = s;
            after[sp] += by;
            let t = std::time::Instant::now();
            let c = e.change(&after).unwrap();
            let ms = t.elapsed().as_secs_f64() * 1e3;
            println!("{:<18} {:>9.3e}  mass {:+.5} {:+.5} g  shr {:+.5} {:+.5}  eof {:+.3} {:+.3} MPa  clamp {:+.2} {:+.2} kN  core {:+.2} {:+.2} K  short {:+.4} {:+.4}  {ms:.0} ms", sp.name(), by,
                ref_[0]-r0[0], c[Quantity::PartMass]*1e3, ref_[1]-r0[1], c[Quantity::Shrinkage], ref_[2]-r0[2], c[Quantity::EndOfFillPressure]*1e-6,
                ref_[3]-r0[3], c[Quantity::ClampForce]*1e-3, ref_[4]-r0[4], c[Quantity::CoreTemperature], ref_[5]-r0[5], c[Quantity::ShortShare]);
        }
        let t = std::time::Instant::now();
        let g = e.gradient(&Setpoint::ALL).unwrap();
        println!("gradient {:.0} ms {:?}", t.elapsed().as_secs_f64()*1e3, g.slope[0]);
        let t = std::time::Instant::now();
        let w = e.what_if(&appliance_pipeline::ports::Change { values: vec![(Setpoint::HoldPressure, 4.8e7)] }).unwrap();
        println!("what_if {:.0} ms {:?} {:?}", t.elapsed().as_secs_f64()*1e3, w.before[0], w.change);
    }
}
