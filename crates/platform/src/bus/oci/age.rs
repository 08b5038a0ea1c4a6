use std::time::{Duration, Instant};

/// How long the oldest message of a queue has been in it, as far as that can be told: OCI Queue says how many there are, not
/// since when. It is too low rather than too high: it starts with what this process has seen.
#[derive(Default)]
pub struct Age {
    /// Since when there have been messages whenever somebody looked.
    filled: Option<Instant>,
    /// When the message that was delivered last had been put. Delivery is nearly in order, so those that wait are younger.
    delivered: Option<Instant>,
}

impl Age {
    /// A message was delivered that had waited so long.
    pub fn delivered(&mut self, waited: Duration) {
        self.delivered = Instant::now().checked_sub(waited);
    }

    /// There are so many messages now, visible and in flight.
    pub fn counted(&mut self, messages: u64) -> Option<Duration> {
        if messages == 0 {
            *self = Age::default();
            return None;
        }
        let filled = *self.filled.get_or_insert_with(Instant::now);
        let since = self.delivered.map_or(filled, |delivered| delivered.max(filled));
        Some(since.elapsed())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Duration = Duration::from_secs(3600);

    #[test]
    fn an_empty_queue_has_no_age_and_one_that_was_just_filled_is_young() {
        let mut age = Age::default();
        assert_eq!(age.counted(0), None);
        assert!(age.counted(3).unwrap() < HOUR);
        assert_eq!(age.counted(0), None);
    }

    #[test]
    fn messages_that_flow_keep_it_low_and_a_standstill_lets_it_grow() {
        let mut age = Age { filled: Instant::now().checked_sub(HOUR * 2), delivered: None };
        assert!(age.counted(1).unwrap() >= HOUR * 2, "nothing was ever delivered");
        age.delivered(HOUR);
        let old = age.counted(1).unwrap();
        assert!(old >= HOUR && old < HOUR * 2, "{old:?}");
        age.delivered(Duration::ZERO);
        assert!(age.counted(1).unwrap() < HOUR, "what waits came after the last that was delivered");
    }

    #[test]
    fn a_delivery_of_long_ago_says_nothing_of_a_queue_that_was_empty_in_between() {
        let mut age = Age::default();
        age.delivered(HOUR);
        assert!(age.counted(1).unwrap() < HOUR);
    }
}
