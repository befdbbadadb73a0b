use std::collections::VecDeque;
use std::time::Duration;

/// Restarts, counted as OTP counts them: those that lie within a period.
#[derive(Debug, Default)]
pub(crate) struct Restarts(VecDeque<Duration>);

impl Restarts {
    /// Counts one more, and answers with how many there were within the period. `now` is the time on a clock that
    /// only goes forward.
    pub fn count(&mut self, now: Duration, period: Duration) -> u32 {
        let earliest = now.saturating_sub(period);
        while self.0.front().is_some_and(|then| *then < earliest) {
            self.0.pop_front();
        }
        self.0.push_back(now);
        u32::try_from(self.0.len()).unwrap_or(u32::MAX)
    }
}

/// What the node's root does about an actor that fails again and again. OTP's supervisors give up then; nobody is
/// above the root who could begin anew, and the other actors under it have nothing to do with it. So it never gives
/// up, and lets an actor that exceeds the intensity wait, longer from time to time.
#[derive(Debug, Default)]
pub(crate) struct Patience(Restarts);

impl Patience {
    /// So many restarts within the period cost nothing.
    const INTENSITY: u32 = 20;
    const PERIOD: Duration = Duration::from_secs(5);
    /// The wait after the first one too many. Each further one doubles it.
    const FIRST: Duration = Duration::from_millis(10);
    const LONGEST: Duration = Duration::from_secs(1);

    /// An actor restarts. How long it is to wait before its next message.
    pub fn restarted(&mut self, now: Duration) -> Duration {
        match self.0.count(now, Self::PERIOD).checked_sub(Self::INTENSITY + 1) {
            None => Duration::ZERO,
            Some(more) => {
                let factor = 2u32.checked_pow(more).unwrap_or(u32::MAX);
                Self::FIRST.saturating_mul(factor).min(Self::LONGEST)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_fails_again_and_again_waits_longer_and_longer() {
        let (mut patience, mut now) = (Patience::default(), Duration::ZERO);
        let mut waits = Vec::new();
        for _ in 0..30 {
            let wait = patience.restarted(now);
            waits.push(wait.as_millis());
            now += wait + Duration::from_millis(1);
        }
        let free = Patience::INTENSITY as usize;
        assert_eq!(waits[..free], [0; 20]);
        assert_eq!(waits[free..free + 8], [10, 20, 40, 80, 160, 320, 640, 1000]);
        assert_eq!(
            patience.restarted(now + Duration::from_secs(6)),
            Duration::ZERO,
            "it is forgiven"
        );
    }

    #[test]
    fn a_storm_of_traps_is_bounded() {
        let (mut patience, mut now, mut traps) = (Patience::default(), Duration::ZERO, 0);
        while now < Duration::from_secs(100) {
            now += patience.restarted(now) + Duration::from_micros(10);
            traps += 1;
        }
        assert!(traps < 30 * 20, "{traps} in 100 seconds");
    }
}
