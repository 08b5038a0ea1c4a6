//! A day of a shop, minute by minute: the policy against load that looks real.

use std::time::Duration;

use haat::autoscale::policy::{self, COOLDOWN, Database, Decision, Load, Rules, Sample};
use types::Timestamp;

/// 2026-11-01T00:00:00Z.
const MIDNIGHT: i64 = 1_793_491_200;
/// Monitoring shows a minute so much later.
const LAG: usize = 3;
/// A change takes so many minutes, in which the old size still works.
const CHANGE_TAKES: usize = 6;

/// What a database has to do: in each minute, how many hundredths of an OCPU it needs, and how many of the memory's GB.
pub struct Demand {
    pub cpu: Vec<u64>,
    pub memory: Vec<u64>,
}

pub struct Day {
    /// Minute, from, to.
    pub changes: Vec<(usize, u32, u32)>,
    /// OCPUs in each minute.
    pub ocpus: Vec<u32>,
    /// Minutes in which all OCPUs were busy.
    pub saturated: usize,
}

/// Numbers that look like chance and are the same each time.
pub struct Noise(u64);

impl Noise {
    pub fn of(seed: u64) -> Self {
        Noise(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    /// From `-spread` to `spread`, more often near zero.
    pub fn around_zero(&mut self, spread: i64) -> i64 {
        (0..3).map(|_| self.below(2 * spread.unsigned_abs() + 1) as i64 - spread).sum::<i64>() / 3
    }

    pub fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % bound
    }
}

pub fn minute(number: usize) -> Timestamp {
    Timestamp::from_microseconds((MIDNIGHT + 60 * number as i64) * 1_000_000)
}

/// Lives through the demand, from `ocpus` on. Of `missing` in a thousand minutes there is no value.
pub fn live(rules: &Rules, demand: &Demand, mut ocpus: u32, noise: &mut Noise, missing: u64) -> Day {
    let mut day = Day { changes: Vec::new(), ocpus: Vec::new(), saturated: 0 };
    let mut load = Load::default();
    let mut changing: Option<(usize, u32)> = None;
    let mut changed = None;
    for (now, (cpu, memory)) in demand.cpu.iter().zip(&demand.memory).enumerate() {
        if let Some((end, to)) = changing {
            changed = Some(minute(now));
            if now >= end {
                ocpus = to;
                changing = None;
            }
        }
        let per_mille = |needed: u64, there: u64| u32::try_from((needed * 1000 / there).min(1000)).unwrap();
        // Hundredths of an OCPU; 16 GB for each.
        let (cpu, memory) = (per_mille(*cpu, u64::from(ocpus) * 100), per_mille(*memory, u64::from(ocpus) * 16));
        day.saturated += usize::from(cpu == 1000);
        day.ocpus.push(ocpus);
        for (samples, per_mille) in [(&mut load.cpu, cpu), (&mut load.memory, memory)] {
            if noise.below(1000) >= missing {
                samples.push(Sample { at: minute(now), per_mille });
            }
        }
        let shown = |samples: &[Sample]| -> Vec<Sample> {
            let visible = minute(now.saturating_sub(LAG));
            samples.iter().rev().take(60).filter(|s| s.at <= visible).copied().collect()
        };
        let seen = Load { cpu: shown(&load.cpu), memory: shown(&load.memory) };
        let database = Database { ocpus, active: changing.is_none(), changed };
        if let Decision::Up { to, .. } | Decision::Down { to } = policy::decide(rules, &database, &seen, minute(now)) {
            day.changes.push((now, ocpus, to));
            changing = Some((now + CHANGE_TAKES, to));
            changed = Some(minute(now));
        }
    }
    day
}

/// Night, morning, noon, the evening's peak at nine: what a shop in India needs of its busiest database.
fn shop(noise: &mut Noise, peak: u64) -> Demand {
    let corners: [(u64, u64); 9] =
        [(0, 12), (3, 8), (6, 12), (10, 45), (13, 55), (16, 45), (20, 90), (21, 100), (24, 15)];
    let mut cpu = Vec::new();
    for minute in 0..24 * 60_u64 {
        let next = corners.iter().position(|(hour, _)| hour * 60 > minute).unwrap();
        let ((from, low), (to, high)) = (corners[next - 1], corners[next]);
        let (done, whole) = (minute - from * 60, (to - from) * 60);
        let base = (low * (whole - done) + high * done) / whole * peak / 100;
        let jitter = noise.around_zero(i64::try_from(base / 3).unwrap());
        // A report, a vacuum: short, high, and no reason to change anything.
        let spike = if noise.below(90) == 0 { base } else { 0 };
        cpu.push((i64::try_from(base + spike).unwrap() + jitter).try_into().unwrap_or(0));
    }
    let memory = cpu.iter().map(|_| 10 + noise.below(3)).collect();
    Demand { cpu, memory }
}

fn rules() -> Rules {
    Rules::new(2, 64, policy::THRESHOLD).unwrap()
}

#[test]
fn a_day_of_a_shop_takes_as_many_changes_as_it_has_tides() {
    let mut most = 0;
    for seed in 0..25 {
        let mut noise = Noise::of(seed);
        let demand = shop(&mut noise, 520);
        let day = live(&rules(), &demand, 2, &mut noise, 30);
        let text = format!("seed {seed}: {:?}", day.changes);
        // 5.2 OCPUs at the peak: 4 by day, 8 in the evening, and at night 2.
        assert!(day.ocpus.iter().max() == Some(&8), "{text}");
        assert!(day.saturated <= 20, "{text}: {} minutes at the limit", day.saturated);
        most = most.max(day.changes.len());
        assert!(day.changes.len() <= 6, "{text}");
        let directions: Vec<bool> = day.changes.iter().map(|(_, from, to)| to > from).collect();
        let turns = directions.windows(2).filter(|pair| pair[0] != pair[1]).count();
        assert!(turns <= 2, "{text}: it flaps");
    }
    assert!(most >= 3, "the day had no tides");
}

#[test]
fn a_database_that_has_little_to_do_is_left_alone_all_day() {
    for seed in 0..20 {
        let mut noise = Noise::of(seed);
        let demand = shop(&mut noise, 100);
        assert_eq!(live(&rules(), &demand, 2, &mut noise, 30).changes, [], "seed {seed}");
    }
}

#[test]
fn noise_around_any_level_makes_at_most_one_change_and_never_there_and_back() {
    for level in (10..=200).step_by(10) {
        for seed in 0..3 {
            let mut noise = Noise::of(seed * 1000 + level);
            let base = i64::try_from(level * 2).unwrap();
            // A third up and down, for a day, on 4 OCPUs.
            let cpu = (0..1440).map(|_| (base + noise.around_zero(base / 3)).try_into().unwrap_or(0)).collect();
            let demand = Demand { cpu, memory: vec![8; 1440] };
            let changes = live(&rules(), &demand, 4, &mut noise, 30).changes;
            assert!(changes.len() <= 1, "at {level} % of 2 OCPUs, seed {seed}: {changes:?}");
        }
    }
}

#[test]
fn sustained_overload_is_answered_within_bounded_time_up_to_what_is_needed() {
    for seed in 0..20 {
        let mut noise = Noise::of(seed);
        // From the thirtieth minute on, what 30 OCPUs can do.
        let cpu = (0..240).map(|m| if m < 30 { 40 } else { 3000 + noise.below(200) }).collect();
        let day = live(&rules(), &Demand { cpu, memory: vec![8; 240] }, 2, &mut noise, 30);
        let sizes: Vec<u32> = day.changes.iter().map(|(_, _, to)| *to).collect();
        assert_eq!(sizes, [4, 8, 16, 32, 64], "seed {seed}: one step after another");
        // The window must fill and the values must come; then each step waits for the change before it and its rest.
        let first = day.changes[0].0 - 30;
        assert!(first <= 5 + LAG + 3, "seed {seed}: the first step came after {first} minutes");
        let rest = usize::try_from(COOLDOWN.as_secs() / 60).unwrap();
        for pair in day.changes.windows(2) {
            let (waited, least) = (pair[1].0 - pair[0].0, CHANGE_TAKES + rest);
            assert!((least..=least + 5).contains(&waited), "seed {seed}: {waited} minutes between two steps");
        }
    }
}

#[test]
fn memory_alone_is_reason_enough() {
    let mut noise = Noise::of(1);
    // 28 of the 32 GB that 2 OCPUs have; 50 hundredths of an OCPU.
    let demand = Demand { cpu: vec![50; 300], memory: vec![28; 300] };
    let day = live(&rules(), &demand, 2, &mut noise, 30);
    assert_eq!(day.changes.iter().map(|(_, from, to)| (*from, *to)).collect::<Vec<_>>(), [(2, 4)]);
}

#[test]
fn a_flash_sale_is_followed_up_and_down_and_the_way_down_takes_its_time() {
    let mut noise = Noise::of(7);
    let cpu = (0..600).map(|m| if (100..160).contains(&m) { 700 } else { 60 } + noise.below(20)).collect();
    let day = live(&rules(), &Demand { cpu, memory: vec![8; 600] }, 2, &mut noise, 30);
    let steps: Vec<(u32, u32)> = day.changes.iter().map(|(_, from, to)| (*from, *to)).collect();
    assert_eq!(steps, [(2, 4), (4, 8), (8, 16), (16, 8), (8, 4), (4, 2)]);
    for (at, ..) in &day.changes[3..] {
        assert!(minute(*at).since(minute(160)) >= Duration::from_mins(25), "down at {at}");
    }
}
