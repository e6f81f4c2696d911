//! Plays courses one after the other, solved ahead on a thread of their own.
//!
//! ```text
//!             half of the course over          its end, setpoints unchanged
//!   playing --------------------------> asked ------------------------------> playing the next
//!      |                                   '-- setpoints changed --> asked again
//!      |-- setpoints changed while the mold closes: solved again; the press waits with injection
//!      |   until that is done
//!      '-- the node fires the wire: the shot is solved again with transfer at the volume injected
//!          so far. A plan armed on the node is tried on the course beforehand, so that the new
//!          shot is there when the wire fires; otherwise the press stands until it is.
//! ```

use crate::PressHandle;
use crate::course::Course;
use crate::error::PressSimError;
use crate::plant::Plant;
use crate::scenario::Channel;
use crate::sensor::Sensors;
use crate::truth::TruthFile;
use firmware_node::channel::{ChannelBank, Reading};
use firmware_wire::{MAX_CHANNELS, NodeTicks, TransferPlan};
use std::sync::mpsc::{Receiver, Sender, TryRecvError, channel};

/// Volumes closer than this are one transfer, m3: a tenth of a millisecond at 25 cm3/s.
const SAME_VOLUME_M3: f64 = 2.5e-9;

/// Where courses come from.
pub trait Source: Send {
    /// The next cycle, beginning about `start_s`.
    ///
    /// # Errors
    /// When it cannot be made.
    fn next(&mut self, start_s: f64) -> Result<Course, PressSimError>;
    /// The same cycle with the setpoints of now, and an earlier transfer at a volume, m3.
    ///
    /// # Errors
    /// When it cannot be made.
    fn again(&mut self, transfer_volume: Option<f64>) -> Result<Course, PressSimError>;
    /// The press's control, if there is a press.
    fn handle(&self) -> Option<PressHandle>;
}

impl Source for Plant {
    fn next(&mut self, start_s: f64) -> Result<Course, PressSimError> {
        Plant::next(self, start_s)
    }
    fn again(&mut self, transfer_volume: Option<f64>) -> Result<Course, PressSimError> {
        Plant::again(self, transfer_volume)
    }
    fn handle(&self) -> Option<PressHandle> {
        Some(Plant::handle(self))
    }
}

enum Job {
    Next(f64),
    Again,
    Transfer(f64),
    Ended(Box<Course>),
}

enum Answer {
    Next(Box<Course>, u64),
    Transfer(f64, Box<Course>),
    Failed(PressSimError),
}

fn solve(
    mut source: impl Source,
    mut truth: Option<TruthFile>,
    jobs: &Receiver<Job>,
    answers: &Sender<Answer>,
) {
    let revision = |s: &dyn Source| s.handle().map_or(0, |h| h.revision());
    while let Ok(job) = jobs.recv() {
        let before = revision(&source);
        let answer = match job {
            Job::Next(start_s) => source
                .next(start_s)
                .map(|course| Answer::Next(Box::new(course), before)),
            Job::Again => source
                .again(None)
                .map(|course| Answer::Next(Box::new(course), before)),
            Job::Transfer(volume) => source
                .again(Some(volume))
                .map(|course| Answer::Transfer(volume, Box::new(course))),
            Job::Ended(course) => match (&mut truth, &course.truth) {
                (Some(file), Some(truth)) => match file.write(truth) {
                    Ok(()) => continue,
                    Err(error) => Err(error),
                },
                _ => continue,
            },
        };
        if answers.send(answer.unwrap_or_else(Answer::Failed)).is_err() {
            return;
        }
    }
}

/// The press as the node's converter sees it.
pub struct Live {
    sensors: Sensors,
    handle: Option<PressHandle>,
    jobs: Sender<Job>,
    answers: Receiver<Answer>,
    course: Course,
    began_s: f64,
    /// Setpoints the course was solved with, as their revision; the next course was asked for; this one was asked for again.
    revision: u64,
    asked: bool,
    again: bool,
    /// The course is over and its data are published.
    over: bool,
    ready: Option<(Course, u64)>,
    plan: Option<TransferPlan>,
    tried: Option<(f64, Course)>,
    /// Time in the course at which the press stands, and the volume it waits to be solved for.
    standing: Option<(f64, f64)>,
    fired: bool,
    now_s: f64,
    step_s: f64,
    readings: [Reading; MAX_CHANNELS],
    failure: Option<PressSimError>,
    /// Courses finished.
    pub finished: u64,
}

impl Live {
    /// Solves the first cycle and starts the solver's thread.
    ///
    /// # Errors
    /// When the first cycle cannot be solved.
    pub fn start(
        mut source: impl Source + 'static,
        sensors: Sensors,
        rate_hz: u32,
        truth: Option<TruthFile>,
    ) -> Result<Self, PressSimError> {
        let handle = source.handle();
        let revision = handle.as_ref().map_or(0, PressHandle::revision);
        let course = source.next(0.0)?;
        let (jobs, taken) = channel();
        let (give, answers) = channel();
        // It ends when either end of its channels is dropped.
        std::thread::spawn(move || solve(source, truth, &taken, &give));
        let mut live = Self {
            sensors,
            handle,
            jobs,
            answers,
            course,
            began_s: 0.0,
            revision,
            asked: false,
            again: false,
            over: false,
            ready: None,
            plan: None,
            tried: None,
            standing: None,
            fired: false,
            now_s: 0.0,
            step_s: 1.0 / f64::from(rate_hz),
            readings: [Reading::Missing; MAX_CHANNELS],
            failure: None,
            finished: 0,
        };
        live.sensors.begin(&live.course);
        Ok(live)
    }

    /// Moves the press to `now_s` and reads its sensors.
    pub fn advance(&mut self, now_s: f64) {
        self.now_s = now_s;
        self.hear();
        self.close();
        let mut t = now_s - self.began_s;
        if t >= self.course.duration_s && self.standing.is_none() {
            t = self.turn(now_s, t);
        } else if !self.asked
            && !self.again
            && self.standing.is_none()
            && t > (0.5 * self.course.duration_s).max(self.course.transfer_s.unwrap_or(0.0))
        {
            self.asked = true;
            self.ask(Job::Next(self.began_s + self.course.duration_s));
        }
        let at = self
            .standing
            .map_or(t, |(at, _)| at)
            .min(self.course.duration_s);
        self.sensors
            .read(&self.course, at, now_s, &mut self.readings);
    }

    fn moved(&self) -> bool {
        let handle = self.handle.as_ref();
        handle.is_some_and(|h| h.revision() != self.revision)
    }

    /// While the mold closes, setpoints may still change; injection waits for the shot that has them.
    fn close(&mut self) {
        let inject_s = self.course.inject_s;
        let t = self.now_s - self.began_s;
        if self.asked || (t >= inject_s && !self.again) {
            return;
        }
        if !self.again && self.moved() {
            self.again = true;
            self.ask(Job::Again);
        } else if let Some((course, revision)) = self.ready.take_if(|_| self.again) {
            (self.course, self.revision, self.again) = (course, revision, false);
            self.tried = None;
            self.try_plan();
        }
        if self.again {
            self.began_s = self.began_s.max(self.now_s - inject_s);
        }
    }

    /// The cycle is over: the controller says so, and what the scenario lets happen before the next shot happens.
    fn end(&mut self) {
        self.over = true;
        let (Some(handle), Some(data)) = (&self.handle, &self.course.cycle_data) else {
            return;
        };
        handle.publish(data.clone());
        if let Err(error) = handle.reach(self.course.shot + 1) {
            self.failure.get_or_insert(error.into());
        }
    }

    /// The course is over; returns the time in the one that plays now.
    fn turn(&mut self, now_s: f64, t: f64) -> f64 {
        if self.again {
            return t;
        }
        if !self.asked {
            self.asked = true;
            self.ask(Job::Next(now_s));
        }
        if !self.over {
            self.end();
        }
        if self.handle.as_ref().is_some_and(PressHandle::hung) {
            return t;
        }
        let Some((course, revision)) = self.ready.take() else {
            return t;
        };
        self.revision = revision;
        if self.moved() {
            self.ask(Job::Again);
            return t;
        }
        let ended = std::mem::replace(&mut self.course, course);
        self.ask(Job::Ended(Box::new(ended)));
        self.finished += 1;
        (self.asked, self.over, self.tried, self.fired) = (false, false, None, false);
        self.began_s = now_s;
        self.sensors.begin(&self.course);
        self.try_plan();
        0.0
    }

    fn hear(&mut self) {
        loop {
            match self.answers.try_recv() {
                Ok(Answer::Next(course, revision)) => self.ready = Some((*course, revision)),
                Ok(Answer::Transfer(volume, course)) => match self.standing {
                    Some((at, wanted)) if (wanted - volume).abs() < SAME_VOLUME_M3 => {
                        self.began_s = self.now_s - at;
                        self.standing = None;
                        self.course = *course;
                    }
                    Some(_) => {}
                    None => self.tried = Some((volume, *course)),
                },
                Ok(Answer::Failed(error)) => self.failure = Some(error),
                Err(TryRecvError::Empty) => return,
                Err(TryRecvError::Disconnected) => {
                    self.failure.get_or_insert(PressSimError::SolverGone);
                    return;
                }
            }
        }
    }

    fn ask(&mut self, job: Job) {
        if self.jobs.send(job).is_err() {
            self.failure.get_or_insert(PressSimError::SolverGone);
        }
    }

    /// The host sent a plan: find out when it would fire, and solve that shot in advance.
    pub fn armed(&mut self, plan: TransferPlan) {
        self.plan = Some(plan);
        self.try_plan();
    }

    /// The host took the plan back.
    pub fn disarmed(&mut self, id: u32) {
        self.plan = self.plan.filter(|plan| plan.id != id);
    }

    fn try_plan(&mut self) {
        let (Some(plan), Some(transfer_s)) = (self.plan, self.course.transfer_s) else {
            return;
        };
        let mut sensors = self.sensors.clone();
        let mut readings = [Reading::Missing; MAX_CHANNELS];
        let mut now_s = self.now_s;
        let in_window = |now_s: f64| {
            let tick = NodeTicks((now_s * 1e6).round() as u64);
            tick >= plan.window.opens && tick <= plan.window.closes
        };
        let code = |readings: &[Reading], channel: u8| match readings.get(usize::from(channel)) {
            Some(Reading::Code(code)) => Some(*code),
            _ => None,
        };
        loop {
            now_s += self.step_s;
            let t = now_s - self.began_s;
            if t > transfer_s {
                return;
            }
            sensors.read(&self.course, t, now_s, &mut readings);
            let fallback = plan.fallback;
            let fires = code(&readings, plan.law.channel()).is_some_and(|c| plan.law.reached(c))
                || code(&readings, fallback.channel)
                    .is_some_and(|c| fallback.crossing.reached(c, fallback.level));
            if fires && in_window(now_s) {
                let volume = self.course.injected.value(t, &mut 0);
                self.ask(Job::Transfer(volume));
                return;
            }
        }
    }

    /// The node fired the wire: the press transfers now, if it has not yet.
    pub fn transfer(&mut self) {
        self.plan = None;
        let t = self.now_s - self.began_s;
        let open = self.course.transfer_s.is_some_and(|at| t < at) && t > self.course.inject_s;
        if !open || self.fired {
            return;
        }
        self.fired = true;
        let volume = self.course.injected.value(t, &mut 0);
        match self.tried.take() {
            Some((tried, course)) if (tried - volume).abs() < SAME_VOLUME_M3 => {
                self.course = course;
            }
            _ => {
                self.standing = Some((t, volume));
                self.ask(Job::Transfer(volume));
            }
        }
    }

    /// Why the press stopped, once.
    pub fn take_failure(&mut self) -> Option<PressSimError> {
        self.failure.take()
    }

    /// The press's control, if there is a press.
    #[must_use]
    pub fn handle(&self) -> Option<PressHandle> {
        self.handle.clone()
    }
}

impl ChannelBank for Live {
    fn read(&mut self, readings: &mut [Reading]) {
        let len = readings.len().min(MAX_CHANNELS);
        readings[..len].copy_from_slice(&self.readings[..len]);
    }
}

/// The text of a calibration file that turns the channels' codes back into their units.
#[must_use]
pub fn calibration(node: &str, channels: &[Channel]) -> String {
    let mut text = format!("node = \"{node}\"\ndate = 2026-01-01\nby = \"press-sim\"\n");
    for channel in channels {
        let (gain, offset) = crate::sensor::scale(channel);
        let unit = match channel.unit {
            firmware_wire::Unit::Megapascal => "MPa",
            firmware_wire::Unit::Millimetre => "mm",
            firmware_wire::Unit::Celsius => "C",
            _ => "V",
        };
        text += &format!(
            "\n[[channel]]\nname = \"{}\"\nunit = \"{unit}\"\ngain = {gain:e}\noffset = {offset:?}\n",
            channel.name
        );
    }
    text
}
