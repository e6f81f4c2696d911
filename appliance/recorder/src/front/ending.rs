//! How shots end: the cycle is over, its results follow, then what the press says about it.
//!
//! Each step may come when the next shot runs already; a shot is not lost or called broken for that. Its end stands in
//! the log as soon as its results are here; only the archive waits for the rest.

use super::{Front, OpenShot};
use crate::log::record::{Kind, ShotEnd, ShotSummary};
use crate::log::recover::LoggedShot;
use crate::wall::WallTime;

/// Shots that may wait for their results; whoever makes them has died when there are more.
const MOST_OVER: usize = 32;
/// How long the archive waits for more about a shot that ended.
const SETTLE_NS: i64 = 30_000_000_000;

/// A shot whose results are not yet here.
#[derive(Clone, Debug)]
pub(super) struct Over {
    shot: OpenShot,
    at_ns: i64,
    wall: WallTime,
}

/// A shot that more may be said about.
#[derive(Clone, Debug)]
pub(super) struct Settling {
    pub(super) shot: LoggedShot,
    until_ns: i64,
}

impl Front {
    /// The open shot ends. Returns whether it is proven on disk already; if not it is tried again.
    pub fn end_shot(&mut self, summary: ShotSummary, wall: WallTime, at_ns: i64) -> bool {
        match self.shot.take() {
            Some(shot) => {
                self.leave(wall, at_ns);
                self.close(Over { shot, at_ns, wall }, summary, None, false)
            }
            None => false,
        }
    }

    /// The cycle of the open shot is over; its results follow, whatever begins meanwhile.
    pub fn shot_over(&mut self, wall: WallTime, at_ns: i64) {
        let Some(shot) = self.shot.take() else {
            return;
        };
        self.leave(wall, at_ns);
        if self.over.len() >= MOST_OVER {
            let oldest = self.over.remove(0);
            self.unjudged(oldest);
        }
        self.over.push(Over { shot, at_ns, wall });
    }

    /// The results of a shot that is over. With `more` notes may follow until it is settled.
    pub fn result(&mut self, number: u64, summary: ShotSummary, more: bool) -> bool {
        let of = |o: &Over| o.shot.begin.number == number;
        match self.over.iter().position(of) {
            Some(at) => {
                let over = self.over.remove(at);
                self.close(over, summary, None, more)
            }
            None => false,
        }
    }

    /// Nothing more will be said about a shot.
    pub fn settled(&mut self, number: u64) {
        if let Some(at) = self.settling.iter().position(|s| s.shot.number == number) {
            self.ended.push(self.settling.remove(at).shot);
            self.sync();
        }
    }

    /// The open shot, if there is one, is given up with a reason and kept with what there is.
    pub fn interrupt(&mut self, reason: &str, wall: WallTime, at_ns: i64) {
        if let Some(shot) = self.shot.take() {
            self.leave(wall, at_ns);
            let over = Over { shot, at_ns, wall };
            self.close(over, ShotSummary::default(), Some(reason), false);
        }
    }

    /// The recorder ends: whatever is not whole is kept with what there is.
    pub fn close_all(&mut self, reason: &str, wall: WallTime, at_ns: i64) {
        self.interrupt(reason, wall, at_ns);
        for over in std::mem::take(&mut self.over) {
            self.unjudged(over);
        }
        let settling = self.settling.drain(..).map(|s| s.shot);
        self.ended.extend(settling);
        self.sync();
    }

    /// Ends waits that have lasted too long.
    pub(super) fn end_waits(&mut self) {
        let now_ns = self.now_ns;
        let late = |o: &Over| now_ns.saturating_sub(o.at_ns) > self.longest_ns;
        if let Some(at) = self.over.iter().position(late) {
            let over = self.over.remove(at);
            self.unjudged(over);
        }
        let settled = |s: &Settling| now_ns >= s.until_ns;
        if let Some(number) = self.settling.iter().find(|s| settled(s)) {
            self.settled(number.shot.number);
        }
    }

    /// Whether a note about a shot can still reach its record.
    pub(super) fn takes_notes(&self, number: u64) -> bool {
        self.open_shot() == Some(number)
            || self.over.iter().any(|o| o.shot.begin.number == number)
            || self.settling.iter().any(|s| s.shot.number == number)
    }

    fn unjudged(&mut self, over: Over) {
        self.close(
            over,
            ShotSummary::default(),
            Some("nobody judged it"),
            false,
        );
    }

    /// No shot is open any more; both clocks were read.
    fn leave(&mut self, wall: WallTime, at_ns: i64) {
        self.clocks = Some((at_ns, wall));
        self.log.shot(None, self.next_shot);
    }

    fn close(
        &mut self,
        over: Over,
        summary: ShotSummary,
        interrupted: Option<&str>,
        more: bool,
    ) -> bool {
        let end = ShotEnd {
            number: over.shot.begin.number,
            at_ns: over.at_ns,
            wall: over.wall,
            interrupted: interrupted.map(str::to_owned),
            summary,
        };
        self.log.append(Kind::End, &end, self.now_ns);
        let shot = LoggedShot {
            number: end.number,
            session: self.session(),
            began: over.shot.begin.wall,
            first_segment: over.shot.first_segment,
            last_segment: self.log.current_segment(),
            ended: true,
        };
        if more {
            let until_ns = self.now_ns.saturating_add(SETTLE_NS);
            self.settling.push(Settling { shot, until_ns });
        } else {
            self.ended.push(shot);
        }
        self.sync()
    }
}
