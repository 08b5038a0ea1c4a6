//! One JSON object per line, with the fields of the surrounding spans beside those of the event: what a log store can filter.

use std::fmt::Debug;
use std::io::Write;

use serde_json::{Map, Value};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::Context;
use tracing_subscriber::registry::LookupSpan;

use crate::clock::Clock;

pub(super) struct JsonLog<W> {
    service: String,
    clock: Clock,
    writer: W,
}

impl<W> JsonLog<W> {
    /// `service` stands where no span names one.
    pub(super) fn new(service: &str, writer: W) -> Self {
        JsonLog { service: service.to_owned(), clock: Clock::system(), writer }
    }
}

/// A span's fields, kept with the span.
struct Fields(Map<String, Value>);

impl<S, W> Layer<S> for JsonLog<W>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    W: for<'w> MakeWriter<'w> + 'static,
{
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let mut fields = Map::new();
        attributes.record(&mut Collector(&mut fields));
        if let Some(span) = context.span(id) {
            span.extensions_mut().insert(Fields(fields));
        }
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, context: Context<'_, S>) {
        if let Some(span) = context.span(id)
            && let Some(Fields(fields)) = span.extensions_mut().get_mut()
        {
            values.record(&mut Collector(fields));
        }
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let mut line = Map::new();
        line.insert("service".to_owned(), Value::from(self.service.as_str()));
        for span in context.event_scope(event).into_iter().flat_map(|scope| scope.from_root()) {
            if let Some(Fields(fields)) = span.extensions().get() {
                line.extend(fields.iter().map(|(name, value)| (name.clone(), value.clone())));
            }
        }
        event.record(&mut Collector(&mut line));
        // Records of the `log` crate come as events that name their true origin in fields.
        let target = line.remove("log.target").unwrap_or_else(|| event.metadata().target().into());
        line.retain(|name, _| !name.starts_with("log."));
        line.insert("timestamp".to_owned(), self.clock.now().to_string().into());
        line.insert("level".to_owned(), event.metadata().level().as_str().into());
        line.insert("target".to_owned(), target);
        let mut text = Value::Object(line).to_string();
        text.push('\n');
        // One write per line, so that lines of several threads do not mix. There is nowhere to report a failure to.
        let _ = self.writer.make_writer_for(event.metadata()).write_all(text.as_bytes());
    }
}

struct Collector<'f>(&'f mut Map<String, Value>);

impl Collector<'_> {
    fn insert(&mut self, field: &Field, value: impl Into<Value>) {
        self.0.insert(field.name().to_owned(), value.into());
    }
}

impl Visit for Collector<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.insert(field, format!("{value:?}"));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.insert(field, value);
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.insert(field, value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.insert(field, value);
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.insert(field, value);
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.insert(field, value);
    }
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::sync::{Arc, Mutex};

    use tracing_subscriber::layer::SubscriberExt;

    use super::*;

    #[derive(Clone, Default)]
    struct Written(Arc<Mutex<Vec<u8>>>);

    impl Write for Written {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn lines_of(log: impl FnOnce()) -> Vec<Value> {
        lines_at("info", log)
    }

    fn lines_at(level: &str, log: impl FnOnce()) -> Vec<Value> {
        let written = Written::default();
        let writer = written.clone();
        let layer = JsonLog::new("haat", move || writer.clone()).with_filter(crate::telemetry::shown(level).unwrap());
        tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), log);
        let bytes = written.0.lock().unwrap();
        String::from_utf8_lossy(&bytes).lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    #[test]
    fn a_line_carries_the_fields_of_its_spans_and_the_innermost_wins() {
        let lines = lines_of(|| {
            let request =
                tracing::info_span!("request", service = "cart", request_id = "r1", status = tracing::field::Empty);
            let _request = request.enter();
            request.record("status", 201);
            let _step = tracing::info_span!("step", request_id = "r2", count = 3u64).entered();
            tracing::warn!(ok = true, error = %io::Error::other("broken"), "it \"happened\"\non two lines");
        });
        assert_eq!(lines.len(), 1);
        let line = &lines[0];
        assert_eq!(line["message"], "it \"happened\"\non two lines");
        assert_eq!((&line["service"], &line["request_id"]), (&"cart".into(), &"r2".into()));
        assert_eq!((&line["status"], &line["count"], &line["ok"]), (&201.into(), &3.into(), &true.into()));
        assert_eq!((&line["level"], &line["error"]), (&"WARN".into(), &"broken".into()));
        assert!(line["timestamp"].as_str().unwrap().ends_with('Z'), "{line}");
        assert!(line["target"].as_str().unwrap().starts_with("platform::telemetry"), "{line}");
    }

    #[test]
    fn a_warning_keeps_the_fields_of_spans_below_the_level() {
        let lines = lines_at("warn", || {
            let _request = tracing::info_span!("request", request_id = "r1").entered();
            tracing::info!("not shown");
            tracing::warn!("shown");
        });
        assert_eq!(lines.len(), 1, "{lines:?}");
        assert_eq!((&lines[0]["message"], &lines[0]["request_id"]), (&"shown".into(), &"r1".into()));
    }

    #[test]
    fn without_a_span_the_process_names_the_service() {
        let lines = lines_of(|| tracing::info!("started"));
        assert_eq!(lines[0]["service"], "haat");
    }
}
