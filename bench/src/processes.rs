//! What the processes use, as Linux tells it in `/proc`.

use std::fs;
use std::path::Path;

use crate::error::Error;

/// Linux counts processor time in hundredths of a second for user space, whatever its own tick is.
const TICKS_PER_SECOND: f64 = 100.0;

/// The processes of a measurement, by what they are.
#[derive(Clone)]
pub struct Processes {
    groups: Vec<Group>,
}

#[derive(Clone)]
pub struct Group {
    pub name: &'static str,
    pub leaders: Vec<i32>,
    /// Do processes that a leader has started count, too?
    pub with_children: bool,
}

/// Processor seconds used so far, by group.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Shares(pub Vec<(&'static str, f64)>);

/// In KiB.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Memory {
    /// Resident; what processes share is counted for each of them.
    pub rss: u64,
    /// Resident; what processes share is divided among them.
    pub pss: u64,
    pub processes: usize,
}

impl Processes {
    /// The platform's, and the generator, which is this process.
    pub fn new(mut groups: Vec<Group>) -> Result<Self, Error> {
        let own = i32::try_from(std::process::id()).map_err(|_| Error::failed("this process has no number"))?;
        groups.push(Group { name: "generator", leaders: vec![own], with_children: false });
        Ok(Processes { groups })
    }

    pub fn times(&self) -> Result<Shares, Error> {
        let times = self.groups.iter().map(|group| {
            let ticks: u64 = group.members()?.into_iter().filter_map(ticks_of).sum();
            #[allow(clippy::cast_precision_loss, reason = "ticks of minutes")]
            Ok((group.name, ticks as f64 / TICKS_PER_SECOND))
        });
        times.collect::<Result<_, Error>>().map(Shares)
    }

    pub fn memory(&self, name: &str) -> Result<Memory, Error> {
        let mut memory = Memory::default();
        for group in self.groups.iter().filter(|group| group.name == name) {
            for pid in group.members()? {
                // One that has ended meanwhile has none.
                let Ok(text) = fs::read_to_string(format!("/proc/{pid}/smaps_rollup")) else { continue };
                memory.rss += kibibytes(&text, "Rss:");
                memory.pss += kibibytes(&text, "Pss:");
                memory.processes += 1;
            }
        }
        Ok(memory)
    }
}

impl Group {
    fn members(&self) -> Result<Vec<i32>, Error> {
        let mut members = self.leaders.clone();
        if self.with_children {
            for entry in fs::read_dir("/proc").map_err(|error| Error::io("/proc", error))? {
                let Ok(entry) = entry else { continue };
                let Some(pid) = entry.file_name().to_str().and_then(|name| name.parse().ok()) else { continue };
                if stat_of(pid).is_some_and(|stat| self.leaders.contains(&stat.parent)) {
                    members.push(pid);
                }
            }
        }
        Ok(members)
    }
}

impl Shares {
    pub fn since(&self, before: &Shares) -> Shares {
        let earlier = |name: &str| before.0.iter().find(|(other, _)| *other == name).map_or(0.0, |(_, time)| *time);
        Shares(self.0.iter().map(|(name, time)| (*name, (time - earlier(name)).max(0.0))).collect())
    }

    pub fn of(&self, name: &str) -> f64 {
        self.0.iter().filter(|(other, _)| *other == name).map(|(_, time)| time).sum()
    }
}

/// The number that a server's process has left in its state directory.
pub fn noted_in(file: &Path) -> Result<i32, Error> {
    let text = fs::read_to_string(file).map_err(|error| Error::io(file.display(), error))?;
    let number = text.lines().next().and_then(|line| line.trim().parse().ok());
    number.ok_or_else(|| Error::failed(format!("{} has no process's number", file.display())))
}

#[derive(Debug, PartialEq, Eq)]
struct Stat {
    parent: i32,
    /// Its own and that of its children that have ended.
    ticks: u64,
}

fn ticks_of(pid: i32) -> Option<u64> {
    stat_of(pid).map(|stat| stat.ticks)
}

fn stat_of(pid: i32) -> Option<Stat> {
    stat(&fs::read_to_string(format!("/proc/{pid}/stat")).ok()?)
}

/// The name, in parentheses, may have spaces and parentheses itself.
fn stat(text: &str) -> Option<Stat> {
    let fields: Vec<&str> = text[text.rfind(')')? + 1..].split_whitespace().collect();
    let number = |at: usize| fields.get(at)?.parse::<u64>().ok();
    // Fields 14 to 17 of proc(5), of which the first here is the third.
    let ticks = (11..=14).map(number).sum::<Option<u64>>()?;
    Some(Stat { parent: fields.get(1)?.parse().ok()?, ticks })
}

fn kibibytes(text: &str, field: &str) -> u64 {
    let line = text.lines().find_map(|line| line.strip_prefix(field));
    line.and_then(|rest| rest.split_whitespace().next()?.parse().ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_is_read_whatever_it_is_called() {
        let text = "4242 (postgres: cart (1)) S 4200 4242 4242 0 -1 4194624 1 2 3 4 100 20 3 4 20 0 1 0 55 1 1";
        assert_eq!(stat(text), Some(Stat { parent: 4200, ticks: 127 }));
        assert_eq!(stat("nonsense"), None);
    }

    #[test]
    fn memory_is_read_in_kibibytes() {
        let text = "55d0-7ffe ---p 0 00:00 0 [rollup]\nRss:              145920 kB\nPss:               98304 kB\nPss_Anon:  1 kB\n";
        assert_eq!((kibibytes(text, "Rss:"), kibibytes(text, "Pss:"), kibibytes(text, "Swap:")), (145_920, 98_304, 0));
    }

    #[test]
    fn this_process_has_used_something() {
        let processes = Processes::new(Vec::new()).unwrap();
        assert!(processes.memory("generator").unwrap().rss > 0);
        assert_eq!(processes.times().unwrap().0.len(), 1);
        let used = Shares(vec![("haat", 3.5)]).since(&Shares(vec![("haat", 1.0)]));
        assert_eq!((used.of("haat"), used.of("PostgreSQL")), (2.5, 0.0));
    }
}
