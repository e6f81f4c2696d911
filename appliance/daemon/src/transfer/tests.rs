use appliance_acquire::calibration::Calibration;
use firmware_wire::{
    ChannelInfo, GroupInfo, Hello, NodeId, OutputPolicy, Refusal, ResetCause, Unit,
};
use tokio::sync::mpsc::{Receiver, channel};

use super::*;
use crate::config::NodeConfig;
use crate::router::Router;

const MS: Duration = Duration::from_millis(1);
const TICK_HZ: u32 = 1_000_000;
/// Area of the screw, m2; a code is a micrometre, code zero is 60 mm.
const AREA_M2: f64 = 5e-4;
const DOSE_M3: f64 = 16e-6;
const ROOM: Room = Room {
    reference: 11.6e-6,
    low: 10.6e-6,
    high: 11.6e-6,
};

struct Stage {
    transfer: Transfer,
    heard: Receiver<HostPacket>,
    permit: Arc<Permit>,
    key: Arc<Key>,
    now: Instant,
    time_s: f64,
}

fn screw() -> ScrewCodes {
    let channel = ChannelInfo {
        name: "screw",
        group: 0,
        unit: Unit::Millimetre,
        code_min: -60_000,
        code_max: 60_000,
        at_min: 0.0,
        at_max: 120.0,
    };
    let hello = Hello {
        node: NodeId(7),
        build: "test",
        boot: 1,
        reset: ResetCause::PowerOn,
        panic: "",
        tick_hz: TICK_HZ,
        now: NodeTicks(0),
        outputs: OutputPolicy::usual(TICK_HZ),
        groups: [GroupInfo {
            period_ticks: 1000,
            rows_per_block: 5,
        }]
        .into_iter()
        .collect(),
        channels: [channel].into_iter().collect(),
    };
    let config: NodeConfig =
        toml::from_str("port = \"p\"\n[[channel]]\nname = \"screw\"\nfeeds = \"screw_position\"")
            .unwrap();
    let calibration: Calibration = toml::from_str(
        "node = \"0000000000000007\"\ndate = 2026-01-01\nby = \"me\"\n\
         [[channel]]\nname = \"screw\"\nunit = \"mm\"\ngain = 0.001\noffset = 60.0",
    )
    .unwrap();
    let router = Router::new(&hello, &config, Some(&calibration), &[], AREA_M2);
    router.screw().unwrap()
}

impl Stage {
    /// A node that said hello, a screw at rest, a guard that gives room.
    fn set() -> Self {
        let (to, heard) = channel(8);
        let (permit, key) = (Arc::<Permit>::default(), Arc::<Key>::default());
        let transfer = Transfer::new(Parts {
            source: 0,
            to,
            planner: Planner::new(Law::InjectedVolume(11e-6), 11e-6),
            permit: permit.clone(),
            key: key.clone(),
            window_s: 30.0,
            first_id: 100,
        });
        let mut stage = Self {
            transfer,
            heard,
            permit,
            key,
            now: Instant::now(),
            time_s: 0.0,
        };
        stage.transfer.hello(TICK_HZ, Some(screw()));
        stage.pass(CyclePhase::Idle, DOSE_M3, 400);
        stage
    }

    fn pass(&mut self, phase: CyclePhase, screw_m3: f64, ms: u32) {
        for _ in 0..ms {
            self.time_s += 1e-3;
            self.transfer.see(Moment {
                time_s: self.time_s,
                phase,
                screw_m3,
                pressure_pa: [f64::NAN; 2],
            });
        }
        self.now += ms * MS;
        self.transfer.heard((self.time_s * 1e6) as u64);
    }

    fn allow(&mut self) -> Option<Said> {
        self.permit.set(Ok(ROOM), self.now);
        self.transfer.tend(self.now)
    }

    /// What the node hears next.
    fn next(&mut self) -> Option<HostPacket> {
        self.heard.try_recv().ok()
    }

    fn plan(&mut self) -> TransferPlan {
        match self.next() {
            Some(HostPacket::Arm(plan)) => plan,
            other => panic!("{other:?}"),
        }
    }

    fn acknowledge(&mut self, plan: u32, verdict: PlanVerdict) -> Option<Said> {
        let at = NodeTicks(0);
        let ack = PlanAck { plan, at, verdict };
        self.transfer.judged(&ack, self.now)
    }

    fn armed() -> (Self, u32) {
        let mut stage = Self::set();
        stage.allow();
        let plan = stage.plan().id;
        let said = stage.acknowledge(plan, PlanVerdict::Armed).unwrap();
        assert_eq!(said.now.state, "armed");
        assert!(said.text.unwrap().contains("armed at 11.00 cm3"));
        (stage, plan)
    }

    fn report(&mut self, plan: u32, outcome: TransferOutcome) -> Option<Said> {
        let at = NodeTicks(0);
        let report = TransferReport { plan, at, outcome };
        self.transfer.ended(&report, self.now)
    }
}

fn fired(code: i32) -> TransferOutcome {
    TransferOutcome::Fired {
        cause: FireCause::Law,
        index: 1,
        due: NodeTicks(1),
        fired: NodeTicks(2),
        code,
    }
}

#[test]
fn a_plan_says_in_codes_what_was_wanted_in_volumes() {
    let mut stage = Stage::set();
    assert_eq!(stage.allow(), None);
    let plan = stage.plan();
    // 16 cm3 are 32 mm before the front stop: code -28000; 11 cm3 are 22 mm further.
    let law = TransferLaw::InjectedVolume {
        channel: 0,
        start: -28_000,
        travel: -22_000,
    };
    assert_eq!((plan.id, plan.law), (100, law));
    assert_eq!(
        (plan.fallback.level, plan.fallback.crossing),
        (-51_200, Crossing::Falling)
    );
    assert_eq!(plan.window.closes.since(plan.window.opens), 30_000_000);
}

#[test]
fn nothing_is_said_to_a_node_before_its_hello_or_without_room() {
    let mut stage = Stage::set();
    stage.transfer.tend(stage.now);
    assert_eq!(stage.next(), None, "the guard has not spoken");
    stage.permit.set(Err(NoRoom::Mode), stage.now);
    stage.transfer.tend(stage.now);
    assert_eq!(stage.next(), None);
    let held = stage.transfer.began().unwrap();
    assert_eq!(
        (held.now.state.as_str(), held.now.reason.as_deref()),
        ("held", Some("mode"))
    );
    assert!(stage.transfer.began().unwrap().text.is_none(), "told once");
    stage.transfer.hello(TICK_HZ, None);
    stage.allow();
    assert_eq!(stage.next(), None, "a node without a screw");
}

#[test]
fn a_plan_without_an_answer_is_sent_three_times_and_then_taken_back() {
    let mut stage = Stage::set();
    stage.allow();
    for id in 100..103 {
        assert_eq!(stage.plan().id, id);
        stage.pass(CyclePhase::Idle, DOSE_M3, 50);
        stage.allow();
        assert_eq!(stage.next(), None, "too early to send it again");
        stage.pass(CyclePhase::Idle, DOSE_M3, 60);
        if id == 102 {
            assert_eq!(stage.allow().unwrap().now.state, "no_answer");
        } else {
            stage.allow();
        }
    }
    assert_eq!(stage.next(), Some(HostPacket::Disarm { plan: 102 }));
}

#[test]
fn whatever_forbids_it_disarms_at_once_and_is_repeated_until_the_node_says_so() {
    let spoilers: [fn(&Stage); 3] = [
        |s| {
            s.permit.set(Ok(ROOM), s.now);
            s.key.turn(false);
        },
        |s| {
            s.permit
                .set(Err(NoRoom::Rule(Rule::PressInAutomatic)), s.now)
        },
        // The desk has said nothing for too long.
        |s| {
            s.permit
                .set(Ok(ROOM), s.now.checked_sub(4000 * MS).unwrap())
        },
    ];
    for spoil in spoilers {
        let (mut stage, plan) = Stage::armed();
        stage.now += 5000 * MS;
        spoil(&stage);
        let said = stage.transfer.tend(stage.now).unwrap();
        assert_eq!(said.now.state, "withdrawn");
        assert_eq!(stage.next(), Some(HostPacket::Disarm { plan }));
        stage.now += 100 * MS;
        stage.transfer.tend(stage.now);
        assert_eq!(stage.next(), Some(HostPacket::Disarm { plan }));
        assert_eq!(stage.report(plan, TransferOutcome::Withdrawn), None);
        assert_eq!(stage.next(), Some(HostPacket::ReportSeen { plan }));
        stage.now += 200 * MS;
        stage.transfer.tend(stage.now);
        assert_eq!(stage.next(), None);
    }
}

#[test]
fn a_signal_is_told_once_and_nothing_more_is_armed_in_that_shot() {
    let (mut stage, plan) = Stage::armed();
    stage.pass(CyclePhase::Fill, DOSE_M3, 1);
    let said = stage.report(plan, fired(-50_010)).unwrap();
    assert_eq!(said.now.state, "fired");
    assert!((said.now.fired_m3.unwrap() - 11.005e-6).abs() < 1e-9);
    assert_eq!(stage.report(plan, fired(-50_010)), None);
    while stage.next().is_some() {}
    stage.allow();
    assert_eq!(stage.next(), None);
    // Until the next shot.
    stage.pass(CyclePhase::Hold, DOSE_M3, 10);
    stage.pass(CyclePhase::Idle, DOSE_M3, 400);
    stage.allow();
    assert_eq!(stage.plan().id, plan + 1);
}

#[test]
fn a_plan_on_its_way_when_the_one_before_it_fired_is_taken_back() {
    let (mut stage, first) = Stage::armed();
    let moved = Room {
        reference: 11.4e-6,
        ..ROOM
    };
    stage.permit.set(Ok(moved), stage.now);
    stage.transfer.tend(stage.now);
    let second = stage.plan().id;
    assert_eq!(
        stage.report(first, fired(-50_010)).unwrap().now.state,
        "fired"
    );
    let said = [stage.next(), stage.next()];
    assert!(
        said.contains(&Some(HostPacket::Disarm { plan: second })),
        "{said:?}"
    );
    stage.transfer.tend(stage.now);
    assert_eq!(stage.next(), None);
}

#[test]
fn a_press_that_transfers_first_is_told_when_the_node_reports_it() {
    let (mut stage, plan) = Stage::armed();
    stage.pass(CyclePhase::Fill, DOSE_M3, 10);
    stage.pass(CyclePhase::Hold, DOSE_M3, 1);
    assert_eq!(stage.allow(), None);
    assert_eq!(stage.next(), Some(HostPacket::Disarm { plan }));
    let said = stage.report(plan, TransferOutcome::Withdrawn).unwrap();
    assert_eq!(said.now.state, "press_first");
}

#[test]
fn a_refusal_is_told_with_its_reason_and_takes_back_what_was_armed_before() {
    let (mut stage, first) = Stage::armed();
    // Another reference asks for another plan.
    let moved = Room {
        reference: 11.4e-6,
        ..ROOM
    };
    stage.permit.set(Ok(moved), stage.now);
    stage.transfer.tend(stage.now);
    let second = stage.plan().id;
    let refused = PlanVerdict::Refused(Refusal::AlreadyReached);
    let said = stage.acknowledge(second, refused).unwrap();
    assert_eq!(said.now.reason.as_deref(), Some("already_reached"));
    assert!(said.text.unwrap().contains("reached already"));
    let taken = [stage.next(), stage.next()];
    for plan in [first, second] {
        assert!(taken.contains(&Some(HostPacket::Disarm { plan })));
    }
    // It is not asked again in this shot, unless something else is wanted.
    stage.transfer.tend(stage.now);
    assert_eq!(stage.next(), None);
}

#[test]
fn a_plan_is_renewed_while_the_press_waits_and_after_a_restart_of_the_node() {
    let (mut stage, plan) = Stage::armed();
    stage.pass(CyclePhase::Idle, DOSE_M3, 14_000);
    stage.allow();
    assert_eq!(stage.next(), None);
    stage.pass(CyclePhase::Idle, DOSE_M3, 2_000);
    stage.allow();
    assert_eq!(stage.plan().id, plan + 1);
    let said = stage.acknowledge(plan + 1, PlanVerdict::Armed).unwrap();
    assert_eq!(said.text, None, "nothing new for the log");
    stage.transfer.hello(TICK_HZ, Some(screw()));
    stage.allow();
    assert_eq!(stage.plan().id, plan + 2);
}
