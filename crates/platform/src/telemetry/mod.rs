//! Logs, traces and metrics.
//!
//! Every log line carries the fields of the spans around it (`request_id`, `trace_id`, `service` ...), so that the lines of
//! one request can be found across services. The trace context travels (W3C `traceparent`, `tracestate`) whether or not spans are exported.

mod json_log;
mod metrics;
pub mod names;
mod otlp;
pub mod trace_context;

use std::io::IsTerminal;
use std::str::FromStr;

use opentelemetry_sdk::trace::SdkTracerProvider;
use tracing::level_filters::LevelFilter;
use tracing::{Level, Subscriber};
use tracing_subscriber::filter::{FilterExt, filter_fn};
use tracing_subscriber::layer::{Filter, SubscriberExt};
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer};

pub use metrics::{install_metrics, render_metrics};
pub use trace_context::TraceContext;

use crate::env::{Env, EnvError};

/// How log lines look.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Format {
    /// For people on a terminal, JSON everywhere else.
    #[default]
    Auto,
    Human,
    Json,
}

impl FromStr for Format {
    type Err = &'static str;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "auto" => Ok(Format::Auto),
            "human" => Ok(Format::Human),
            "json" => Ok(Format::Json),
            _ => Err("auto, human or json is expected"),
        }
    }
}

#[derive(Clone, Debug)]
pub struct TelemetryConfig {
    pub format: Format,
    /// `info`, or directives such as `info,sqlx=warn`.
    pub level: String,
    /// The base URL of a collector that takes OTLP over HTTP, without TLS; traces are exported only if it is set.
    pub otlp_endpoint: Option<String>,
    /// What log lines and traces say where no span names a service: the service, or the process of several.
    pub service: String,
    /// `production`, `staging`, `development` or `local`.
    pub environment: String,
}

impl TelemetryConfig {
    /// Reads `LOG_FORMAT`, `LOG_LEVEL`, `OTEL_EXPORTER_OTLP_ENDPOINT` and `APP_ENV`.
    ///
    /// # Errors
    /// If one of them is malformed.
    pub fn from_env(env: &Env, service: impl Into<String>) -> Result<Self, EnvError> {
        Ok(TelemetryConfig {
            format: env.value("LOG_FORMAT", Format::Auto)?,
            level: env.value("LOG_LEVEL", "info".to_owned())?,
            otlp_endpoint: env.text("OTEL_EXPORTER_OTLP_ENDPOINT"),
            service: service.into(),
            environment: env.value("APP_ENV", "local".to_owned())?,
        })
    }
}

#[derive(Debug, thiserror::Error)]
pub enum TelemetryError {
    #[error("LOG_LEVEL: {0}")]
    Level(#[from] tracing_subscriber::filter::ParseError),
    #[error("OTEL_EXPORTER_OTLP_ENDPOINT: {0}")]
    Exporter(#[from] opentelemetry_otlp::ExporterBuildError),
    #[error("logging is already set up: {0}")]
    Twice(#[from] tracing_subscriber::util::TryInitError),
}

/// To be kept until the process ends: sends what has not been exported yet when it is dropped.
#[must_use = "dropping it ends the export of traces"]
#[derive(Debug)]
pub struct Guard {
    traces: Option<SdkTracerProvider>,
}

/// Sets up logs (on standard error), traces and metrics. Once per process.
///
/// # Errors
/// A level or an endpoint that makes no sense, or a second call.
pub fn init(config: TelemetryConfig) -> Result<Guard, TelemetryError> {
    install_metrics();
    let human = match config.format {
        Format::Auto => std::io::stderr().is_terminal(),
        Format::Human => true,
        Format::Json => false,
    };
    let (people, machines) = if human {
        (Some(tracing_subscriber::fmt::layer().with_writer(std::io::stderr).with_target(false)), None)
    } else {
        (None, Some(json_log::JsonLog::new(&config.service, std::io::stderr)))
    };
    let traces = config.otlp_endpoint.as_deref().map(|endpoint| otlp::provider(endpoint, &config)).transpose()?;
    let registry = tracing_subscriber::registry()
        .with(traces.as_ref().map(|provider| otlp::layer(provider).with_filter(otlp::exported())))
        .with(people.with_filter(shown(&config.level)?))
        .with(machines.with_filter(shown(&config.level)?));
    registry.try_init()?;
    Ok(Guard { traces })
}

/// Events by level; spans always, since their fields belong to an event whatever its level.
fn shown<S: Subscriber>(level: &str) -> Result<impl Filter<S> + use<S>, TelemetryError> {
    let events = EnvFilter::try_new(level)?;
    let spans = filter_fn(|metadata| metadata.is_span() && *metadata.level() <= Level::INFO);
    Ok(events.or(spans.with_max_level_hint(LevelFilter::INFO)))
}

impl Drop for Guard {
    fn drop(&mut self) {
        if let Some(traces) = &self.traces
            && let Err(error) = traces.shutdown()
        {
            tracing::warn!(%error, "the last traces were not exported");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(level: &str) -> TelemetryConfig {
        let env = Env::from_values([("LOG_LEVEL".to_owned(), level.to_owned())]);
        TelemetryConfig { format: Format::Json, ..TelemetryConfig::from_env(&env, "haat").unwrap() }
    }

    #[test]
    fn it_is_set_up_once_and_a_level_that_is_none_is_refused() {
        assert!(init(config("info,=,")).unwrap_err().to_string().starts_with("LOG_LEVEL: "));
        let _guard = init(config("warn")).unwrap();
        assert!(tracing::enabled!(Level::WARN));
        assert!(matches!(init(config("info")), Err(TelemetryError::Twice(_))));
    }

    #[test]
    fn a_format_that_is_none_is_refused() {
        let env = Env::from_values([("LOG_FORMAT".to_owned(), "xml".to_owned())]);
        let error = TelemetryConfig::from_env(&env, "haat").unwrap_err().to_string();
        assert_eq!(error, "LOG_FORMAT: auto, human or json is expected");
    }
}
