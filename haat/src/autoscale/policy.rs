//! When a database gets more OCPUs, and when fewer: a pure function of its size, what it was seen to do, and the time.
//!
//! Up above 80 % of CPU or memory, down after a calm period. What keeps it from flapping: a window and not a minute decides; a
//! rest follows each change; what was seen before a change does not count after it, since the same work is another percentage
//! then; and a step down is taken only if what remains would stay well below what asks for a step up.

use std::collections::BTreeMap;
use std::iter;
use std::time::Duration;

use types::Timestamp;

/// Above this, in per cent of CPU or of memory, a database gets more. The seeds say it for every environment; staging's and
/// development's alarms stand higher, so they tell of what scaling did not mend.
pub const THRESHOLD: u32 = 80;
/// A change is followed by at least so long a rest.
pub const COOLDOWN: Duration = Duration::from_mins(10);
/// What was seen last may be no older: Monitoring is some minutes behind, and what is older says nothing of now.
pub const FRESH: Duration = Duration::from_mins(6);
/// What is older cannot matter.
pub const LONGEST_VIEW: Duration = Duration::from_mins(40);

/// Minutes that decide on a step up, and how many of them must have been seen.
const WINDOW: i64 = 5;
const SEEN_OF_WINDOW: usize = 4;
/// Minutes that must have been calm for a step down, and how many of them must have been seen.
const CALM: i64 = 30;
const SEEN_OF_CALM: usize = 25;
/// On fewer OCPUs, no window may exceed this part of the threshold: 60 % of 80.
const ROOM: (u64, u64) = (3, 4);

/// The bounds of one environment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rules {
    floor: u32,
    cap: u32,
    /// Per mille.
    threshold: u64,
}

#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("from {floor} to {cap} OCPUs with a threshold of {threshold} % is no range to scale in")]
pub struct RulesError {
    floor: u32,
    cap: u32,
    threshold: u32,
}

/// What is known of a database besides its load.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Database {
    /// Of each of its nodes.
    pub ocpus: u32,
    /// Can it be changed now?
    pub active: bool,
    /// When it was last changed, or last seen being changed.
    pub changed: Option<Timestamp>,
}

/// What one minute was like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sample {
    /// When the minute began.
    pub at: Timestamp,
    /// Utilisation in per mille.
    pub per_mille: u32,
}

/// In any order, with gaps.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Load {
    pub cpu: Vec<Sample>,
    pub memory: Vec<Sample>,
}

/// What is watched.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Metric {
    Cpu,
    Memory,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// To so many OCPUs, since this metric is at so many per mille.
    Up {
        to: u32,
        because: Metric,
        per_mille: u32,
    },
    /// To so many OCPUs.
    Down {
        to: u32,
    },
    Stay(Reason),
}

/// Why nothing is changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// Neither too much nor little enough.
    Steady,
    /// There is nothing below.
    AtFloor,
    /// It would need more than it may have.
    AtCap,
    /// It was changed not long ago.
    Cooldown,
    /// Its state does not allow a change.
    NotActive,
    /// This metric is missing or too old. What the other says may ask for a step up, never for one down.
    Blind(Metric),
}

impl Metric {
    pub const ALL: [Metric; 2] = [Metric::Cpu, Metric::Memory];

    pub fn as_str(self) -> &'static str {
        match self {
            Metric::Cpu => "cpu",
            Metric::Memory => "memory",
        }
    }
}

impl Load {
    pub fn of(&self, metric: Metric) -> &[Sample] {
        match metric {
            Metric::Cpu => &self.cpu,
            Metric::Memory => &self.memory,
        }
    }
}

impl Decision {
    /// As logs and metrics have it.
    pub fn as_str(self) -> &'static str {
        match self {
            Decision::Up { .. } => "up",
            Decision::Down { .. } => "down",
            Decision::Stay(reason) => reason.as_str(),
        }
    }
}

impl Reason {
    pub fn as_str(self) -> &'static str {
        match self {
            Reason::Steady => "steady",
            Reason::AtFloor => "at_floor",
            Reason::AtCap => "at_cap",
            Reason::Cooldown => "cooldown",
            Reason::NotActive => "not_active",
            Reason::Blind(Metric::Cpu) => "cpu_unknown",
            Reason::Blind(Metric::Memory) => "memory_unknown",
        }
    }
}

impl Rules {
    /// From `floor` to `cap` OCPUs, above `threshold` per cent.
    ///
    /// # Errors
    /// A range that is empty, or a threshold that is no percentage.
    pub fn new(floor: u32, cap: u32, threshold: u32) -> Result<Self, RulesError> {
        if floor == 0 || floor > cap || !(1..=100).contains(&threshold) {
            return Err(RulesError { floor, cap, threshold });
        }
        Ok(Rules { floor, cap, threshold: u64::from(threshold) * 10 })
    }

    pub fn cap(&self) -> u32 {
        self.cap
    }

    /// The sizes: the floor doubled and doubled again, at last the cap.
    pub fn sizes(&self) -> impl Iterator<Item = u32> + use<> {
        let cap = self.cap;
        let doubled =
            iter::successors(Some(self.floor), |size| size.checked_mul(2)).take_while(move |size| *size < cap);
        doubled.chain(iter::once(cap))
    }

    /// The next size above. Somebody may have chosen one that is none of ours.
    fn above(&self, ocpus: u32) -> Option<u32> {
        self.sizes().find(|size| *size > ocpus)
    }

    fn below(&self, ocpus: u32) -> Option<u32> {
        self.sizes().take_while(|size| *size < ocpus).last()
    }
}

/// What is to be done with one database.
pub fn decide(rules: &Rules, database: &Database, load: &Load, now: Timestamp) -> Decision {
    if !database.active {
        return Decision::Stay(Reason::NotActive);
    }
    if database.changed.is_some_and(|changed| now < changed.plus(COOLDOWN)) {
        return Decision::Stay(Reason::Cooldown);
    }
    let seen = Metric::ALL.map(|metric| (metric, Seen::of(load.of(metric), database.changed, now)));
    let hottest = seen
        .iter()
        .filter_map(|(metric, seen)| Some((*metric, seen.as_ref()?.overload(rules.threshold)?)))
        .max_by_key(|(_, per_mille)| *per_mille);
    if let Some((because, per_mille)) = hottest {
        return match rules.above(database.ocpus) {
            Some(to) => Decision::Up { to, because, per_mille },
            None => Decision::Stay(Reason::AtCap),
        };
    }
    if let Some((metric, _)) = seen.iter().find(|(_, seen)| seen.is_none()) {
        return Decision::Stay(Reason::Blind(*metric));
    }
    match rules.below(database.ocpus) {
        None => Decision::Stay(Reason::AtFloor),
        Some(to) if seen.iter().flat_map(|(_, seen)| seen).all(|seen| seen.fits(rules, database.ocpus, to)) => {
            Decision::Down { to }
        }
        Some(_) => Decision::Stay(Reason::Steady),
    }
}

/// Which of several is done first, as only one may be: what is short before what has too much, and the shortest of them.
pub fn choose<K: Copy>(decisions: impl IntoIterator<Item = (K, Decision)>) -> Option<(K, u32)> {
    let mut first = None;
    for (key, decision) in decisions {
        let (rank, to) = match decision {
            Decision::Up { to, per_mille, .. } => (1 + u64::from(per_mille), to),
            Decision::Down { to } => (0, to),
            Decision::Stay(_) => continue,
        };
        if first.is_none_or(|(_, _, highest)| rank > highest) {
            first = Some((key, to, rank));
        }
    }
    first.map(|(key, to, _)| (key, to))
}

/// The mean of the last window in per mille; nothing if too little of it was seen.
pub fn recent(samples: &[Sample], now: Timestamp) -> Option<u32> {
    let window = Seen::of(samples, None, now)?.window()?;
    u32::try_from(window.iter().sum::<u64>() / u64::try_from(window.len()).ok()?).ok()
}

/// The minutes that count, by their number since 1970, and the last of them, which is fresh.
struct Seen {
    minutes: BTreeMap<i64, u64>,
    last: i64,
}

impl Seen {
    fn of(samples: &[Sample], changed: Option<Timestamp>, now: Timestamp) -> Option<Self> {
        let mut minutes = BTreeMap::new();
        for sample in samples {
            let before_the_change = changed.is_some_and(|changed| sample.at < changed);
            if before_the_change || sample.at > now || now.since(sample.at) > LONGEST_VIEW {
                continue;
            }
            let minute: &mut u64 = minutes.entry(sample.at.as_seconds().div_euclid(60)).or_default();
            *minute = u64::from(sample.per_mille).max(*minute);
        }
        let last = *minutes.keys().next_back()?;
        let fresh = now.as_seconds() - last * 60 <= i64::try_from(FRESH.as_secs()).unwrap_or(i64::MAX);
        let seen = Seen { minutes, last };
        (fresh && seen.window().is_some()).then_some(seen)
    }

    fn window(&self) -> Option<Vec<u64>> {
        let window: Vec<u64> = self.minutes.range(self.last - WINDOW + 1..).map(|(_, value)| *value).collect();
        (window.len() >= SEEN_OF_WINDOW).then_some(window)
    }

    /// By how much the window's mean exceeds the threshold. Most of its minutes must, too: one spike is no load.
    fn overload(&self, threshold: u64) -> Option<u32> {
        let window = self.window()?;
        let count = u64::try_from(window.len()).ok()?;
        let mean = window.iter().sum::<u64>() / count;
        let above = window.iter().filter(|value| **value > threshold).count();
        (mean > threshold && above * 2 > window.len()).then_some(u32::try_from(mean).unwrap_or(u32::MAX))
    }

    /// Would all that was seen in the calm period have fitted on `to` OCPUs, with room?
    fn fits(&self, rules: &Rules, ocpus: u32, to: u32) -> bool {
        let calm: BTreeMap<i64, u64> =
            self.minutes.range(self.last - CALM + 1..).map(|(m, value)| (*m, *value)).collect();
        let projected = |value: u64| (value * u64::from(ocpus)).div_ceil(u64::from(to));
        let (part, whole) = ROOM;
        let window_fits = |from: i64| {
            let window: Vec<u64> = calm.range(from..from + WINDOW).map(|(_, value)| *value).collect();
            let count = u64::try_from(window.len()).unwrap_or(u64::MAX);
            projected(window.iter().sum()) * whole <= rules.threshold * part * count
        };
        calm.len() >= SEEN_OF_CALM
            && calm.values().all(|value| projected(*value) <= rules.threshold)
            && calm.keys().all(|minute| window_fits(*minute))
    }
}
