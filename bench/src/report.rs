//! What was measured, for people and for programs.

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::time::Duration;

use serde::Serialize;

use crate::error::Error;
use crate::load::{Outcome, percentile};
use crate::machine::Machine;
use crate::processes::Memory;
use crate::{say, table};

/// Between which the tables stand in a document.
const MARKS: [&str; 2] = ["<!-- bench: begin -->", "<!-- bench: end -->"];

pub struct Report {
    pub machine: Machine,
    pub seconds: u32,
    pub shops: Vec<Shop>,
}

/// What was measured with so many products.
#[derive(Default)]
pub struct Shop {
    pub products: u32,
    pub starts: Vec<(&'static str, Duration)>,
    pub memory: Vec<MemoryAt>,
    /// Of one core, in per cent, while nobody asks for anything.
    pub idle: Vec<(&'static str, f64)>,
    pub figures: Vec<Figure>,
    pub events: Vec<Events>,
}

/// In KiB.
pub struct MemoryAt {
    pub when: &'static str,
    pub parts: Vec<(&'static str, Memory)>,
}

#[derive(Clone, Serialize)]
pub struct Figure {
    pub name: String,
    pub connections: usize,
    /// A second.
    pub rate: f64,
    pub p50_ms: f64,
    pub p99_ms: f64,
    /// Of an answer, on average.
    pub bytes: f64,
    /// What the machine does at most of something as simple.
    pub limit: Limit,
    /// Share of the limit that is wanted.
    pub target: f64,
    /// Processor time per request, in microseconds, by what spent it.
    pub cost: Vec<(&'static str, f64)>,
    pub errors: u32,
}

#[derive(Clone, Serialize)]
pub struct Limit {
    pub name: String,
    /// A second.
    pub rate: f64,
}

/// From the commit that published an event to the commit of its effect.
#[derive(Serialize)]
pub struct Events {
    pub buyers: usize,
    pub effects: usize,
    /// Effects in a second.
    pub rate: f64,
    pub p50_ms: f64,
    pub p99_ms: f64,
    pub max_ms: f64,
    /// With their 99th percentile in milliseconds.
    pub slowest: Vec<(String, f64)>,
}

impl Figure {
    pub fn new(name: String, connections: usize, outcome: &Outcome, limit: Limit, target: f64) -> Self {
        if let Some(error) = &outcome.first_error {
            say(&format!("  ✗ {} errors; the first: {error}", outcome.errors));
        }
        let cost = outcome.shares.0.iter().map(|(name, time)| (*name, time * 1e6 / outcome.count().max(1.0)));
        let figure = Figure {
            connections,
            rate: outcome.rate(),
            p50_ms: milliseconds(outcome.percentile(50)),
            p99_ms: milliseconds(outcome.percentile(99)),
            bytes: outcome.mean_size(),
            limit,
            target,
            cost: cost.collect(),
            errors: outcome.errors,
            name,
        };
        say(&format!(
            "  {:<34} {:>3} {:>9.0}/s  p99 {:>7.1} ms  {:.3} of {} ({:.2} wanted)",
            figure.name,
            connections,
            figure.rate,
            figure.p99_ms,
            figure.share(),
            figure.limit.name,
            target
        ));
        figure
    }

    /// Of the limit.
    pub fn share(&self) -> f64 {
        self.rate / self.limit.rate.max(f64::MIN_POSITIVE)
    }
}

impl Events {
    /// `latencies` are sorted.
    pub fn new(buyers: usize, latencies: &[Duration], seconds: f64, slowest: Vec<(String, f64)>) -> Self {
        let at = |percent| milliseconds(percentile(latencies, percent).unwrap_or_default());
        #[allow(clippy::cast_precision_loss, reason = "a count far below 2^53")]
        let rate = latencies.len() as f64 / seconds;
        Events { buyers, effects: latencies.len(), rate, p50_ms: at(50), p99_ms: at(99), max_ms: at(100), slowest }
    }
}

impl Report {
    pub fn failures(&self) -> u32 {
        self.shops.iter().flat_map(|shop| &shop.figures).map(|figure| figure.errors).sum()
    }

    pub fn markdown(&self) -> String {
        table::of(self)
    }

    /// Puts the tables into a document, in the place of those that are there.
    pub fn write_into(&self, document: &Path) -> Result<(), Error> {
        let failed = |error| Error::io(document.display(), error);
        let text = fs::read_to_string(document).map_err(failed)?;
        let text = between_marks(&text, &self.markdown())
            .ok_or_else(|| Error::failed(format!("{} has no marks {MARKS:?}", document.display())))?;
        fs::write(document, text).map_err(failed)
    }

    /// A line for each figure.
    pub fn append_lines(&self, file: &Path) -> Result<(), Error> {
        let failed = |error| Error::io(file.display(), error);
        let mut output = fs::OpenOptions::new().create(true).append(true).open(file).map_err(failed)?;
        for line in self.lines() {
            writeln!(output, "{line}").map_err(failed)?;
        }
        Ok(())
    }

    fn lines(&self) -> Vec<serde_json::Value> {
        let mut lines = Vec::new();
        for shop in &self.shops {
            let mut line = |kind: &str, value: serde_json::Value| {
                let (date, machine) = (&self.machine.date, &self.machine.processor);
                lines.push(serde_json::json!({
                    "date": date, "processor": machine, "cores": self.machine.cores, "products": shop.products,
                    "kind": kind, "value": value,
                }));
            };
            for (name, took) in &shop.starts {
                line("start", serde_json::json!({ "name": name, "seconds": took.as_secs_f64() }));
            }
            for MemoryAt { when, parts } in &shop.memory {
                for (part, memory) in parts {
                    let Memory { rss, pss, processes } = memory;
                    line(
                        "memory",
                        serde_json::json!({
                            "when": when, "part": part, "rss_kib": rss, "pss_kib": pss, "processes": processes,
                        }),
                    );
                }
            }
            for (part, percent) in &shop.idle {
                line("idle", serde_json::json!({ "part": part, "percent_of_a_core": percent }));
            }
            for figure in &shop.figures {
                line("load", serde_json::json!(figure));
            }
            for events in &shop.events {
                line("events", serde_json::json!(events));
            }
        }
        lines
    }
}

pub fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

fn between_marks(text: &str, tables: &str) -> Option<String> {
    let [begin, end] = MARKS;
    let (before, rest) = text.split_once(begin)?;
    let (_, after) = rest.split_once(end)?;
    Some(format!("{before}{begin}\n\n{}\n\n{end}{after}", tables.trim()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_stands_between_the_marks_is_replaced() {
        let text = "# Performance\n<!-- bench: begin -->\nold\n<!-- bench: end -->\nHow to read it\n";
        let new = between_marks(text, "| new |").unwrap();
        assert_eq!(new, "# Performance\n<!-- bench: begin -->\n\n| new |\n\n<!-- bench: end -->\nHow to read it\n");
        assert_eq!(between_marks(&new, "| new |").unwrap(), new);
        assert_eq!(between_marks("# Performance\n", "| new |"), None);
    }
}
