//! What the policy promises, whatever it is shown.

use std::time::Duration;

use haat::autoscale::policy::{
    self, COOLDOWN, Database, Decision, FRESH, Load, Metric, Reason, Rules, Sample, THRESHOLD, choose, decide,
};
use proptest::prelude::*;
use types::Timestamp;

use super::day::minute;

/// The minute that is now.
const NOW: usize = 600;

fn rules() -> Rules {
    Rules::new(2, 64, THRESHOLD).unwrap()
}

fn database(ocpus: u32) -> Database {
    Database { ocpus, active: true, changed: None }
}

/// The last `minutes` before now, in per mille, the newest a minute old.
fn steady(minutes: usize, per_mille: u32) -> Vec<Sample> {
    (NOW - minutes..NOW).map(|at| Sample { at: minute(at), per_mille }).collect()
}

fn load(cpu: u32, memory: u32) -> Load {
    Load { cpu: steady(40, cpu), memory: steady(40, memory) }
}

fn now() -> Timestamp {
    minute(NOW)
}

#[test]
fn up_above_the_threshold_and_not_at_it() {
    let decided = |cpu, memory| decide(&rules(), &database(4), &load(cpu, memory), now());
    assert_eq!(decided(801, 100), Decision::Up { to: 8, because: Metric::Cpu, per_mille: 801 });
    assert_eq!(decided(100, 900), Decision::Up { to: 8, because: Metric::Memory, per_mille: 900 });
    assert_eq!(decided(850, 900), Decision::Up { to: 8, because: Metric::Memory, per_mille: 900 });
    assert_eq!(decided(800, 800), Decision::Stay(Reason::Steady));
}

#[test]
fn down_only_if_both_would_fit_with_room() {
    let decided = |cpu, memory| decide(&rules(), &database(4), &load(cpu, memory), now());
    assert_eq!(decided(300, 300), Decision::Down { to: 2 });
    assert_eq!(decided(301, 300), Decision::Stay(Reason::Steady));
    assert_eq!(decided(300, 301), Decision::Stay(Reason::Steady));
    assert_eq!(decide(&rules(), &database(2), &load(0, 0), now()), Decision::Stay(Reason::AtFloor));
}

#[test]
fn one_minute_that_would_not_have_fitted_is_no_calm() {
    let mut load = load(100, 100);
    load.cpu[20].per_mille = 401;
    assert_eq!(decide(&rules(), &database(4), &load, now()), Decision::Stay(Reason::Steady));
    load.cpu[20].per_mille = 400;
    assert_eq!(decide(&rules(), &database(4), &load, now()), Decision::Down { to: 2 });
    // Before the calm period it may have been anything.
    load.cpu[5].per_mille = 1000;
    assert_eq!(decide(&rules(), &database(4), &load, now()), Decision::Down { to: 2 });
}

#[test]
fn a_spike_is_no_load() {
    let mut load = load(750, 100);
    load.cpu[37].per_mille = 1000;
    load.cpu[38].per_mille = 1000;
    assert_eq!(decide(&rules(), &database(4), &load, now()), Decision::Stay(Reason::Steady));
    load.cpu[39].per_mille = 1000;
    assert!(matches!(decide(&rules(), &database(4), &load, now()), Decision::Up { to: 8, .. }));
}

#[test]
fn at_the_cap_there_is_no_more() {
    assert_eq!(decide(&rules(), &database(64), &load(990, 990), now()), Decision::Stay(Reason::AtCap));
    let odd = Rules::new(2, 94, THRESHOLD).unwrap();
    assert!(matches!(decide(&odd, &database(64), &load(990, 0), now()), Decision::Up { to: 94, .. }));
    assert_eq!(decide(&odd, &database(94), &load(0, 0), now()), Decision::Down { to: 64 });
}

#[test]
fn a_size_that_somebody_else_chose_leads_back_to_ours() {
    assert!(matches!(decide(&rules(), &database(6), &load(900, 0), now()), Decision::Up { to: 8, .. }));
    assert_eq!(decide(&rules(), &database(6), &load(100, 100), now()), Decision::Down { to: 4 });
    assert_eq!(decide(&rules(), &database(128), &load(100, 100), now()), Decision::Down { to: 64 });
    assert_eq!(decide(&rules(), &database(128), &load(990, 990), now()), Decision::Stay(Reason::AtCap));
    assert!(matches!(decide(&rules(), &database(1), &load(900, 0), now()), Decision::Up { to: 2, .. }));
}

#[test]
fn what_is_missing_or_old_changes_nothing() {
    let blind = |load: &Load| decide(&rules(), &database(4), load, now());
    let (cpu, memory) = (Decision::Stay(Reason::Blind(Metric::Cpu)), Decision::Stay(Reason::Blind(Metric::Memory)));
    assert_eq!(blind(&Load::default()), cpu);
    assert_eq!(blind(&Load { memory: Vec::new(), ..load(100, 100) }), memory);
    assert_eq!(blind(&Load { cpu: steady(3, 1000), ..load(0, 100) }), cpu, "too few");
    let old = minute(NOW).minus(FRESH + Duration::from_secs(1));
    let until_then = |mut samples: Vec<Sample>| {
        samples.retain(|sample| sample.at < old);
        samples
    };
    assert_eq!(blind(&Load { cpu: until_then(steady(40, 1000)), memory: until_then(steady(40, 1000)) }), cpu);
    // From a clock that is ahead of ours.
    let ahead = (NOW + 1..NOW + 40).map(|at| Sample { at: minute(at), per_mille: 1000 }).collect();
    assert_eq!(blind(&Load { cpu: ahead, ..load(0, 100) }), cpu);
    // The one that is seen may still ask for more.
    assert!(matches!(blind(&Load { memory: Vec::new(), ..load(900, 0) }), Decision::Up { to: 8, .. }));
}

#[test]
fn what_was_seen_before_a_change_says_nothing_after_it() {
    let changed = |minutes| Database { changed: Some(minute(NOW - minutes)), ..database(4) };
    assert_eq!(decide(&rules(), &changed(9), &load(990, 0), now()), Decision::Stay(Reason::Cooldown));
    assert!(matches!(decide(&rules(), &changed(10), &load(990, 0), now()), Decision::Up { .. }));
    assert_eq!(decide(&rules(), &changed(24), &load(10, 10), now()), Decision::Stay(Reason::Steady));
    assert_eq!(decide(&rules(), &changed(25), &load(10, 10), now()), Decision::Down { to: 2 });
    // A change whose time is ahead of our clock counts, too.
    let ahead = Database { changed: Some(minute(NOW + 5)), ..database(4) };
    assert_eq!(decide(&rules(), &ahead, &load(990, 0), now()), Decision::Stay(Reason::Cooldown));
}

#[test]
fn the_shortest_of_all_comes_first() {
    let up = |per_mille| Decision::Up { to: 8, because: Metric::Cpu, per_mille };
    let (down, stay) = (Decision::Down { to: 2 }, Decision::Stay(Reason::Steady));
    assert_eq!(choose([("a", down), ("b", up(810)), ("c", up(950)), ("d", stay)]), Some(("c", 8)));
    assert_eq!(choose([("a", stay), ("b", down), ("c", down)]), Some(("b", 2)));
    assert_eq!(choose([("a", stay)]), None);
}

#[test]
fn rules_that_are_none_are_refused() {
    for (floor, cap, threshold) in [(0, 4, 80), (8, 4, 80), (2, 4, 0), (2, 4, 101)] {
        assert!(Rules::new(floor, cap, threshold).is_err(), "{floor} {cap} {threshold}");
    }
    assert_eq!(Rules::new(3, 3, 80).unwrap().sizes().collect::<Vec<_>>(), [3]);
}

fn samples() -> impl Strategy<Value = Vec<Sample>> {
    let level = prop_oneof![0..1000_u32, 700..900_u32, 0..400_u32];
    (level, 0..400_u32, 0..60_usize, 0..15_usize).prop_flat_map(|(level, spread, count, age)| {
        let value = level.saturating_sub(spread)..=level.saturating_add(spread);
        proptest::collection::vec((value, 0..20_u8), count).prop_map(move |values| {
            let of = |(at, (per_mille, kept)): (usize, (u32, u8))| {
                (kept > 0).then(|| Sample { at: minute(NOW - age - at), per_mille })
            };
            values.into_iter().enumerate().filter_map(of).collect()
        })
    })
}

/// The mean of what was seen in the last five minutes that were seen.
fn mean(samples: &[Sample]) -> Option<u64> {
    let newest = samples.iter().map(|s| s.at).max()?;
    let window: Vec<u64> = samples
        .iter()
        .filter(|s| newest.since(s.at) < Duration::from_mins(5))
        .map(|s| u64::from(s.per_mille))
        .collect();
    Some(window.iter().sum::<u64>() / window.len() as u64)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3000))]

    #[test]
    fn whatever_is_seen_the_bounds_and_the_rest_are_kept(
        floor in 1..8_u32,
        more in 0..80_u32,
        ocpus in 1..140_u32,
        cpu in samples(),
        memory in samples(),
        changed in proptest::option::of(0..120_usize),
        active in any::<bool>(),
    ) {
        let rules = Rules::new(floor, floor + more, THRESHOLD).unwrap();
        let database = Database { ocpus, active, changed: changed.map(|ago| minute(NOW - ago)) };
        let load = Load { cpu: cpu.clone(), memory: memory.clone() };
        let decision = decide(&rules, &database, &load, now());
        let to = match decision {
            Decision::Up { to, .. } => {
                prop_assert!(to > ocpus && to <= rules.cap());
                // The very next size.
                prop_assert!(rules.sizes().all(|size| size <= ocpus || size >= to));
                let above = |samples: &[Sample]| mean(samples).is_some_and(|mean| mean >= u64::from(THRESHOLD) * 10);
                let since = |samples: &[Sample]| -> Vec<Sample> {
                    samples.iter().filter(|s| database.changed.is_none_or(|changed| s.at >= changed)).copied().collect()
                };
                prop_assert!(above(&since(&cpu)) || above(&since(&memory)));
                Some(to)
            }
            Decision::Down { to } => {
                prop_assert!(to < ocpus && to >= floor);
                prop_assert!(rules.sizes().all(|size| size >= ocpus || size <= to));
                // On what remains, neither would ask for more at once.
                for samples in [&cpu, &memory] {
                    let projected = mean(samples).unwrap() * u64::from(ocpus) / u64::from(to);
                    prop_assert!(projected <= u64::from(THRESHOLD) * 10, "{projected}");
                }
                Some(to)
            }
            Decision::Stay(_) => None,
        };
        if to.is_some() {
            prop_assert!(active);
            prop_assert!(database.changed.is_none_or(|changed| now().since(changed) >= COOLDOWN));
            let fresh = |samples: &[Sample]| samples.iter().any(|s| now().since(s.at) <= FRESH);
            prop_assert!(fresh(&cpu) || fresh(&memory));
        }
        // The same again, in another order: the same.
        let reversed = Load { cpu: cpu.into_iter().rev().collect(), memory: memory.into_iter().rev().collect() };
        prop_assert_eq!(decide(&rules, &database, &reversed, now()), decision);
    }

    #[test]
    fn a_change_is_never_taken_back_by_the_same_load(cpu in 0..1000_u32, memory in 0..1000_u32, ocpus in 1..128_u32) {
        let rules = rules();
        let (Decision::Up { to, .. } | Decision::Down { to }) = decide(&rules, &database(ocpus), &load(cpu, memory), now())
        else {
            return Ok(());
        };
        let then = |per_mille: u32| (per_mille * ocpus).div_ceil(to).min(1000);
        let next = decide(&rules, &database(to), &load(then(cpu), then(memory)), now());
        let back = match next {
            Decision::Up { to: next, .. } => to < ocpus && next > to,
            Decision::Down { to: next } => to > ocpus && next < to,
            Decision::Stay(_) => false,
        };
        prop_assert!(!back, "{ocpus} -> {to} -> {next:?}");
    }
}

#[test]
fn the_mean_that_is_shown_is_the_one_that_decides() {
    assert_eq!(policy::recent(&steady(10, 555), now()), Some(555));
    assert_eq!(policy::recent(&steady(3, 555), now()), None);
}
