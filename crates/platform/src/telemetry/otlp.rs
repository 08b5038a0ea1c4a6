//! Export of traces to an OpenTelemetry collector.

use opentelemetry::KeyValue;
use opentelemetry::trace::TracerProvider;
use opentelemetry_otlp::{ExporterBuildError, SpanExporter, WithExportConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::{SdkTracer, SdkTracerProvider};
use tracing::Subscriber;
use tracing::level_filters::LevelFilter;
use tracing_opentelemetry::OpenTelemetryLayer;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::registry::LookupSpan;

use super::TelemetryConfig;

/// Exports in batches from a thread of its own, so that a slow collector slows nothing else down; what does not fit into
/// its queue is dropped.
pub(super) fn provider(endpoint: &str, config: &TelemetryConfig) -> Result<SdkTracerProvider, ExporterBuildError> {
    // Set from code, the endpoint is taken as it is; the convention for the variable is a base to which the path is added.
    let url = format!("{}/v1/traces", endpoint.trim_end_matches('/'));
    let exporter = SpanExporter::builder().with_http().with_endpoint(url).build()?;
    let resource = Resource::builder()
        .with_service_name(config.service.clone())
        .with_attribute(KeyValue::new("deployment.environment.name", config.environment.clone()))
        .build();
    Ok(SdkTracerProvider::builder().with_batch_exporter(exporter).with_resource(resource).build())
}

pub(super) fn layer<S>(provider: &SdkTracerProvider) -> OpenTelemetryLayer<S, SdkTracer>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    tracing_opentelemetry::layer().with_tracer(provider.tracer("haat"))
}

/// Our own spans whatever the log level is, but not those of the exporter's HTTP client: these would be exported in turn.
pub(super) fn exported() -> Targets {
    Targets::new().with_default(LevelFilter::INFO).with_targets(
        ["hyper", "hyper_util", "reqwest", "opentelemetry", "opentelemetry_sdk", "opentelemetry_otlp", "h2", "tonic"]
            .map(|target| (target, LevelFilter::OFF)),
    )
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use axum::Router;
    use axum::body::Bytes;
    use axum::routing::post;
    use tracing_subscriber::layer::SubscriberExt;

    use super::*;
    use crate::telemetry::{Format, TraceContext, trace_context};

    #[tokio::test(flavor = "multi_thread")]
    async fn a_span_is_exported_under_the_trace_that_came_in() {
        let received: Arc<Mutex<Vec<u8>>> = Arc::default();
        let into = Arc::clone(&received);
        let router = Router::new().route(
            "/v1/traces",
            post(async move |body: Bytes| {
                into.lock().unwrap().extend_from_slice(&body);
            }),
        );
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = format!("http://{}/", listener.local_addr().unwrap());
        tokio::spawn(async { axum::serve(listener, router).await });

        let remote = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
        let remote = TraceContext::from_texts(remote, Some("congo=t61rcWkgMzE")).unwrap();
        let caller = remote.clone();
        let own = tokio::task::spawn_blocking(move || {
            let config = TelemetryConfig {
                format: Format::Json,
                level: "info".to_owned(),
                otlp_endpoint: None,
                service: "cart".to_owned(),
                environment: "test".to_owned(),
            };
            let provider = provider(&endpoint, &config).unwrap();
            let subscriber = tracing_subscriber::registry().with(layer(&provider));
            let own = tracing::subscriber::with_default(subscriber, || {
                let span = tracing::info_span!("price the cart");
                let own = trace_context::begin(&span, Some(caller));
                span.in_scope(|| ());
                own
            });
            provider.shutdown().unwrap();
            own
        })
        .await
        .unwrap();

        assert_eq!((own.trace_id, own.sampled, &own.state), (remote.trace_id, true, &remote.state));
        let body = received.lock().unwrap().clone();
        let has = |part: &[u8]| body.windows(part.len()).any(|window| window == part);
        assert!(has(&remote.trace_id.to_be_bytes()) && has(&remote.span_id.to_be_bytes()));
        assert!(has(b"congo=t61rcWkgMzE"), "others' notes are exported with the span");
        assert!(has(&own.span_id.to_be_bytes()), "what is passed on is the exported span's id");
        assert!(has(b"price the cart") && has(b"cart") && has(b"deployment.environment.name"));
    }
}
