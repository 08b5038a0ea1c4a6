//! Counts what requests cost: the statements, Redis commands and internal calls that are made within their spans, by request id.
//! What runs in the background belongs to no request.

use std::collections::HashMap;
use std::fmt::{self, Debug};
use std::sync::{Arc, LazyLock, Mutex};

use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Subscriber};
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::layer::{Context, Layer, SubscriberExt as _};
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt as _;

const STATEMENT: &str = "sqlx::query";
const COMMANDS: &str = "platform::cache::commands";
const REQUEST: &str = "request";

/// Everything that one request has set in motion before it was answered, in all services that had a part in it.
#[derive(Clone, Default)]
pub struct Cost {
    pub statements: usize,
    /// Of Redis: those that the request has waited for.
    pub commands: usize,
    pub calls: usize,
    /// For whoever wonders where they come from.
    entries: Vec<String>,
}

#[derive(Clone, Default)]
pub struct Ledger(Arc<Mutex<HashMap<String, Cost>>>);

/// Counts from the first use on; once per process.
pub static LEDGER: LazyLock<Ledger> = LazyLock::new(|| {
    let ledger = Ledger::default();
    let counted =
        filter_fn(|metadata| [STATEMENT, COMMANDS].contains(&metadata.target()) || metadata.name() == REQUEST);
    tracing_subscriber::registry().with(ledger.clone().with_filter(counted)).init();
    ledger
});

impl Ledger {
    pub fn cost_of(&self, request_id: &str) -> Cost {
        self.0.lock().unwrap().get(request_id).cloned().unwrap_or_default()
    }

    fn note(&self, request_id: &str, entry: String, count: impl FnOnce(&mut Cost)) {
        let mut costs = self.0.lock().unwrap();
        let cost = costs.entry(request_id.to_owned()).or_default();
        count(cost);
        cost.entries.push(entry);
    }
}

/// What is known of a span.
#[derive(Clone, Default)]
struct Fields(HashMap<&'static str, String>);

impl Fields {
    fn get(&self, name: &str) -> &str {
        self.0.get(name).map_or("", String::as_str)
    }
}

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.0.insert(field.name(), format!("{value:?}"));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.0.insert(field.name(), value.to_owned());
    }
}

impl<S: Subscriber + for<'s> LookupSpan<'s>> Layer<S> for Ledger {
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let mut fields = Fields::default();
        attributes.record(&mut fields);
        if let Some(span) = context.span(id) {
            span.extensions_mut().insert(fields);
        }
    }

    fn on_record(&self, id: &Id, record: &Record<'_>, context: Context<'_, S>) {
        let Some(span) = context.span(id) else { return };
        let mut extensions = span.extensions_mut();
        let Some(fields) = extensions.get_mut::<Fields>() else { return };
        let was_known = fields.0.contains_key("request_id");
        record.record(fields);
        let (id, route) = (fields.get("request_id"), fields.get("route"));
        if !was_known && !id.is_empty() && route.starts_with("/internal/") {
            self.note(id, format!("{}: called: {route}", fields.get("service")), |cost| cost.calls += 1);
        }
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let Some(span) = context.event_span(event) else { return };
        let extensions = span.extensions();
        let Some(request) = extensions.get::<Fields>() else { return };
        let (id, service) = (request.get("request_id"), request.get("service"));
        let mut fields = Fields::default();
        event.record(&mut fields);
        if event.metadata().target() == STATEMENT {
            self.note(id, format!("{service}: statement: {}", fields.get("summary")), |cost| cost.statements += 1);
        } else {
            let count: usize = fields.get("count").parse().unwrap();
            let entry = format!("{service}: Redis for {}: {count}", fields.get("used_for"));
            self.note(id, entry, |cost| cost.commands += count);
        }
    }
}

impl Cost {
    pub fn counts(&self) -> [usize; 3] {
        [self.statements, self.commands, self.calls]
    }
}

impl fmt::Display for Cost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [statements, commands, calls] = self.counts();
        writeln!(f, "{statements} statements, {commands} Redis commands, {calls} calls")?;
        writeln!(f, "{}", self.entries.join("\n"))
    }
}
