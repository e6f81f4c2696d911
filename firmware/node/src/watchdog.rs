//! Feeds the watchdog only while the sampler still runs.
//!
//! The main loop alone is not a sign of life: with a dead timer interrupt it would go round for
//! ever. So the dog is fed from the main loop, and only after the sampler has moved.

/// The board's watchdog.
pub trait Watchdog {
    /// Restarts its count.
    fn feed(&mut self);
}

/// Decides when to feed.
#[derive(Debug)]
pub struct Vitals<W> {
    dog: W,
    seen: Option<u64>,
}

impl<W: Watchdog> Vitals<W> {
    /// Guards with this watchdog.
    pub const fn new(dog: W) -> Self {
        Self { dog, seen: None }
    }

    /// Call from the main loop with the number of instants the sampler has handled.
    pub fn check(&mut self, instants: u64) {
        if self.seen != Some(instants) {
            self.seen = Some(instants);
            self.dog.feed();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Count(u32);
    impl Watchdog for &mut Count {
        fn feed(&mut self) {
            self.0 += 1;
        }
    }

    #[test]
    fn a_stalled_sampler_starves_the_dog() {
        let mut fed = Count(0);
        let mut vitals = Vitals::new(&mut fed);
        for instants in [1, 2, 2, 2, 3] {
            vitals.check(instants);
        }
        assert_eq!(fed.0, 3);
    }
}
