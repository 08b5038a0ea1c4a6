//! The report as Markdown.

use std::fmt::Write as _;

use crate::processes::Memory;
use crate::report::{Events, Figure, MemoryAt, Report, Shop};

/// Wanted of the 99th percentile of events, and of the eleven services' memory when idle.
const EVENTS_MS: f64 = 100.0;
const IDLE_MIB: f64 = 120.0;

pub fn of(report: &Report) -> String {
    let machine = &report.machine;
    let mut text = format!(
        "Measured on {}: {}, {} cores, {} GiB, {}; {}; {} s for each figure. The load generator ran on the same cores.\n",
        machine.date,
        machine.processor,
        machine.cores,
        machine.memory_gib,
        machine.system,
        machine.servers.join("; "),
        report.seconds,
    );
    for shop in &report.shops {
        // Writing to a String cannot fail.
        let _ = write!(text, "\n### {} products\n", grouped(f64::from(shop.products)));
        for part in
            [figures(&shop.figures), events(&shop.events), memory(shop), idle(shop), starts(shop)].into_iter().flatten()
        {
            let _ = write!(text, "\n{part}");
        }
    }
    text
}

fn figures(figures: &[Figure]) -> Option<String> {
    let names: Vec<&str> = figures.first()?.cost.iter().map(|(name, _)| *name).collect();
    let heads: Vec<String> = names.iter().map(|name| format!("µs {name}")).collect();
    let mut text = format!(
        "| | at once | per s | p50 ms | p99 ms | bytes | limit | limit per s | share | wanted | {} |\n|---|{}\n",
        heads.join(" | "),
        "--:|".repeat(9 + heads.len())
    );
    for figure in figures {
        let costs: Vec<String> = figure.cost.iter().map(|(_, cost)| grouped(*cost)).collect();
        let _ = writeln!(
            text,
            "| {} | {} | {} | {:.1} | {:.1} | {} | {} | {} | {} | {:.2} | {} |",
            figure.name,
            figure.connections,
            grouped(figure.rate),
            figure.p50_ms,
            figure.p99_ms,
            grouped(figure.bytes),
            figure.limit.name,
            grouped(figure.limit.rate),
            judged(&format!("{:.3}", figure.share()), figure.share() >= figure.target),
            figure.target,
            costs.join(" | "),
        );
    }
    Some(text)
}

fn events(events: &[Events]) -> Option<String> {
    events.first()?;
    let mut text = "| Events under checkouts, commit to effect | effects | per s | p50 ms | p99 ms | max ms | wanted p99 | the slowest, by p99 |\n|---|--:|--:|--:|--:|--:|--:|---|\n".to_owned();
    for row in events {
        let slowest: Vec<String> = row.slowest.iter().map(|(effect, late)| format!("{effect} {late:.0} ms")).collect();
        let _ = writeln!(
            text,
            "| {} buyers | {} | {} | {:.1} | {} | {:.1} | {EVENTS_MS:.0} | {} |",
            row.buyers,
            row.effects,
            grouped(row.rate),
            row.p50_ms,
            judged(&format!("{:.1}", row.p99_ms), row.p99_ms < EVENTS_MS),
            row.max_ms,
            slowest.join(", "),
        );
    }
    Some(text)
}

fn memory(shop: &Shop) -> Option<String> {
    shop.memory.first()?;
    let mut text =
        "| Memory, MiB | when | processes | RSS | PSS | wanted RSS |\n|---|---|--:|--:|--:|--:|\n".to_owned();
    for MemoryAt { when, parts } in &shop.memory {
        for (part, Memory { rss, pss, processes }) in parts {
            let (rss, pss) = (mebibytes(*rss), mebibytes(*pss));
            let wanted = *part == "haat" && *when == "idle";
            let shown = if wanted { judged(&format!("{rss:.0}"), rss < IDLE_MIB) } else { format!("{rss:.0}") };
            let wanted = if wanted { format!("{IDLE_MIB:.0}") } else { String::new() };
            let _ = writeln!(text, "| {part} | {when} | {processes} | {shown} | {pss:.0} | {wanted} |");
        }
    }
    Some(text)
}

fn idle(shop: &Shop) -> Option<String> {
    shop.idle.first()?;
    let mut text = "| Processor while nobody asks for anything | per cent of one core |\n|---|--:|\n".to_owned();
    for (part, percent) in &shop.idle {
        let _ = writeln!(text, "| {part} | {percent:.1} |");
    }
    Some(text)
}

fn starts(shop: &Shop) -> Option<String> {
    shop.starts.first()?;
    let mut text = "| `haat up` until every service is ready | s |\n|---|--:|\n".to_owned();
    for (name, took) in &shop.starts {
        let _ = writeln!(text, "| {name} | {:.2} |", took.as_secs_f64());
    }
    Some(text)
}

fn judged(value: &str, good: bool) -> String {
    if good { format!("{value} ✓") } else { format!("**{value}** ✗") }
}

#[allow(clippy::cast_precision_loss, reason = "memory in KiB is far below 2^53")]
fn mebibytes(kibibytes: u64) -> f64 {
    kibibytes as f64 / 1024.0
}

/// Whole, with a comma before each three digits; with decimals where that would be little.
fn grouped(value: f64) -> String {
    if value < 100.0 {
        return format!("{value:.1}");
    }
    let digits = format!("{value:.0}");
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::machine::Machine;
    use crate::report::Limit;

    #[test]
    fn digits_are_grouped() {
        assert_eq!([1_234_567.4, 100.0, 99.96, 3.21].map(grouped), ["1,234,567", "100", "100.0", "3.2"]);
    }

    #[test]
    fn what_is_missed_is_seen() {
        let figure = |rate| Figure {
            name: "product detail".to_owned(),
            connections: 16,
            rate,
            p50_ms: 1.0,
            p99_ms: 2.0,
            bytes: 1000.0,
            limit: Limit { name: "nginx".to_owned(), rate: 1000.0 },
            target: 0.3,
            cost: vec![("haat", 50.0)],
            errors: 0,
        };
        let idle = Memory { rss: 121 << 10, pss: 100 << 10, processes: 1 };
        let shop = Shop {
            products: 1000,
            starts: vec![("first", Duration::from_millis(2500))],
            memory: vec![MemoryAt { when: "idle", parts: vec![("haat", idle)] }],
            idle: vec![("haat", 1.5)],
            figures: vec![figure(300.0), figure(299.0)],
            events: vec![Events::new(8, &[Duration::from_millis(100)], 1.0, vec![("a in b".to_owned(), 100.0)])],
        };
        let machine = Machine {
            date: "2026-11-23 06:00 UTC".to_owned(),
            processor: "a processor".to_owned(),
            cores: 2,
            memory_gib: 24,
            system: "Linux, ext4".to_owned(),
            servers: vec!["postgres 15".to_owned()],
        };
        let text = Report { machine, seconds: 10, shops: vec![shop] }.markdown();
        for part in
            ["### 1,000 products", "| 0.300 ✓ |", "| **0.299** ✗ |", "| **100.0** ✗ |", "| **121** ✗ |", "| 2.50 |"]
        {
            assert!(text.contains(part), "{part}:\n{text}");
        }
    }
}
