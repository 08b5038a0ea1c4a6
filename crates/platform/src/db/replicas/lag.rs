//! How far a replica is behind, told by places in the write-ahead log rather than by the servers' clocks: an idle primary makes
//! no replica late, and one that has lost its primary is late although it has nothing to replay.

use std::collections::VecDeque;
use std::time::Duration;

use tokio::time::Instant;

/// A place in the write-ahead log, in bytes from its beginning.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Position(pub u64);

/// What a replica lacks of the primary, as it was when the primary was last seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lag {
    /// The primary has had what the replica lacks for so long.
    Of(Duration),
    /// The replica lacks what the primary had before we began to look: at least so long.
    AtLeast(Duration),
}

/// Where the primary's log ended at what time.
#[derive(Debug, Default)]
pub(super) struct Primary {
    /// Each place with the time when the log was first seen to end there, the oldest first.
    ends: VecDeque<(Instant, Position)>,
    last_seen: Option<Instant>,
}

/// Some minutes of looks: what lags further is only known to.
const REMEMBERED: usize = 600;

impl Primary {
    pub fn saw(&mut self, now: Instant, end: Position) {
        self.last_seen = Some(now);
        match self.ends.back() {
            Some((_, last)) if *last == end => return,
            // A fail-over has cost the end of the log: what was seen of it says nothing any more.
            Some((_, last)) if *last > end => self.ends.clear(),
            _ => {}
        }
        self.ends.push_back((now, end));
        if self.ends.len() > REMEMBERED {
            self.ends.pop_front();
        }
    }

    /// While the primary is away nothing becomes later. None if it was never seen.
    pub fn lag(&self, replayed: Position) -> Option<Lag> {
        let last_seen = self.last_seen?;
        let (_, oldest) = self.ends.front()?;
        let lacks = self.ends.iter().find(|(_, end)| *end > replayed);
        let time = lacks.map_or(Duration::ZERO, |(since, _)| last_seen.duration_since(*since));
        Some(if replayed < *oldest { Lag::AtLeast(time) } else { Lag::Of(time) })
    }
}

impl Lag {
    pub fn is_at_most(self, bound: Duration) -> bool {
        matches!(self, Lag::Of(time) if time <= bound)
    }

    pub fn seconds(self) -> f64 {
        let (Lag::Of(time) | Lag::AtLeast(time)) = self;
        time.as_secs_f64()
    }
}

/// Does a replica follow this primary? One that follows another, such as the server of which this primary was restored, shows another
/// past, and how far it has replayed means nothing here.
#[derive(Debug, Default)]
pub(super) struct Descent {
    /// Where it was beyond all that the primary had.
    foreign_at: Option<Position>,
}

impl Descent {
    /// `end` is where the primary's log ended *after* the replica had replayed so far, if that is known: no replica of its own can have
    /// more. Later the primary's log may grow beyond that; only a replica that was made anew, and so went back, is looked at afresh.
    pub fn follows(&mut self, replayed: Position, end: Option<Position>) -> bool {
        if self.foreign_at.is_some_and(|at| replayed < at) {
            self.foreign_at = None;
        }
        if end.is_some_and(|end| replayed > end) {
            self.foreign_at.get_or_insert(replayed);
        }
        self.foreign_at.is_none()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn seconds(n: u32) -> Option<Lag> {
        Some(Lag::Of(SECOND * n))
    }

    #[test]
    fn a_replica_lags_since_the_primary_had_what_it_lacks() {
        let (mut primary, start) = (Primary::default(), Instant::now());
        assert_eq!(primary.lag(Position(100)), None);
        for (n, end) in [(0, 100), (1, 100), (2, 200), (3, 300), (4, 300)] {
            primary.saw(start + SECOND * n, Position(end));
        }
        assert_eq!(primary.lag(Position(300)), seconds(0));
        assert_eq!(primary.lag(Position(250)), seconds(1));
        assert_eq!(primary.lag(Position(100)), seconds(2));
        assert!(seconds(2).unwrap().is_at_most(SECOND * 2) && !seconds(2).unwrap().is_at_most(SECOND));
    }

    #[test]
    fn an_idle_primary_makes_nobody_late_nor_does_one_that_is_away() {
        let (mut primary, start) = (Primary::default(), Instant::now());
        primary.saw(start, Position(100));
        primary.saw(start + SECOND, Position(200));
        primary.saw(start + SECOND * 3600, Position(200));
        assert_eq!(primary.lag(Position(200)), seconds(0));
        assert_eq!(primary.lag(Position(150)), seconds(3599), "it has lost its primary");
        assert_eq!(primary.lag(Position(150)), seconds(3599), "nobody has seen the primary since");
    }

    #[test]
    fn what_was_before_we_looked_is_not_taken_for_nothing() {
        let (mut primary, start) = (Primary::default(), Instant::now());
        primary.saw(start, Position(100));
        let lag = primary.lag(Position(50)).unwrap();
        assert_eq!(lag, Lag::AtLeast(Duration::ZERO));
        assert!(!lag.is_at_most(SECOND * 3600), "it may be hours behind");
        for n in 1..=700 {
            primary.saw(start + SECOND * n, Position(100 + u64::from(n)));
        }
        assert!(matches!(primary.lag(Position(100)), Some(Lag::AtLeast(time)) if time >= SECOND * 599));
        assert_eq!(primary.lag(Position(790)), seconds(9));
    }

    #[test]
    fn a_replica_that_has_had_more_than_the_primary_is_anothers_until_it_is_made_anew() {
        let mut descent = Descent::default();
        assert!(descent.follows(Position(100), Some(Position(100))));
        assert!(descent.follows(Position(300), None), "the primary may have grown, too");
        assert!(!descent.follows(Position(300), Some(Position(200))));
        assert!(!descent.follows(Position(300), Some(Position(400))), "also once the primary's log is as long");
        assert!(!descent.follows(Position(350), None));
        assert!(descent.follows(Position(250), Some(Position(400))));
        assert!(descent.follows(Position(400), Some(Position(400))));
    }

    #[test]
    fn a_fail_over_that_costs_the_end_of_the_log_begins_anew() {
        let (mut primary, start) = (Primary::default(), Instant::now());
        primary.saw(start, Position(500));
        primary.saw(start + SECOND, Position(400));
        assert_eq!(primary.lag(Position(400)), seconds(0));
    }
}
