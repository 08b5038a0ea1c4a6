//! A started service: its server, consumers, relay and jobs, and how they end.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{DefaultBodyLimit, State};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, middleware};
use http::{StatusCode, header};
use sqlx::migrate::Migrator;
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tokio_util::task::task_tracker::TaskTrackerToken;
use types::{QueueName, ServiceName, StreamName};
use utoipa::openapi::OpenApi;

use super::{App, BootError, Context, Job, backlog};
use crate::bus::BusError;
use crate::events::consumer::Consumer;
use crate::events::{Handlers, lag, relay};
use crate::http::layer;
use crate::http::server::{self, Farewell};
use crate::{Problem, client, db, identity, telemetry};

/// A larger body is refused, unless a route says otherwise.
const LARGEST_BODY: usize = 1 << 20;
/// How long clients may take to go of themselves. Longer than ours keep a connection that they do not use.
pub(super) const FAREWELL: Duration = Duration::from_secs(5);
const _: () = assert!(client::IDLE.as_secs() < FAREWELL.as_secs());
/// How long requests and messages in hand may take to end.
const DRAIN: Duration = Duration::from_secs(20);

pub(super) struct Parts<A> {
    pub app: A,
    pub context: Context,
    pub router: Router,
    pub document: OpenApi,
    pub migrations: Option<&'static Migrator>,
    pub handlers: Arc<Handlers<A>>,
    pub jobs: Vec<Job<A>>,
    pub stop: CancellationToken,
}

/// A service whose background work runs and whose router is ready to be served.
pub struct Running {
    pub name: ServiceName,
    router: Router,
    tasks: JoinSet<()>,
    context: Context,
    stop: CancellationToken,
}

pub(super) async fn start<A: App>(parts: Parts<A>) -> Result<Running, BootError> {
    let Parts { app, context, router, document, migrations, handlers, jobs, stop } = parts;
    let service = context.service();
    let mut tasks = JoinSet::new();
    if let Some(db) = context.database_if_any() {
        tasks.spawn(relay::run(db.clone(), context.bus().streams.clone(), stop.clone()));
        if let Some(watch) = db.watch_replicas(stop.clone()) {
            tasks.spawn(watch);
        }
        let consumer = Consumer {
            app: app.clone(),
            db: db.clone(),
            bus: context.bus().clone(),
            handlers: handlers.clone(),
            first_rest: context.event_rest(),
            stop: stop.clone(),
        };
        let streams: BTreeSet<StreamName> =
            handlers.types().filter_map(|kind| context.topology().event(kind)).map(|event| event.stream).collect();
        let group = context.topology().queue_of(service).map_or(service.as_str(), QueueName::as_str);
        let groups = streams.iter().map(|stream| (*stream, group)).collect();
        tasks.spawn(lag::watch(service, context.bus().streams.clone(), groups, lag::EVERY, stop.clone()));
        for stream in streams {
            match context.topology().queue_of(service) {
                Some(queue) => tasks.spawn(consumer.clone().bridge(stream, queue)),
                None => tasks.spawn(consumer.clone().follow(stream, service.as_str())),
            };
        }
        if let Some(queue) = context.topology().queue_of(service) {
            tasks.spawn(consumer.work(queue));
        }
        for job in backlog::jobs() {
            let woken = context.wake().sleeper(job.name);
            tasks.spawn(job.work(service, context.clone(), woken, stop.clone()));
        }
    }
    for job in jobs {
        let woken = context.wake().sleeper(job.name);
        tasks.spawn(job.work(service, app.clone(), woken, stop.clone()));
    }

    let operations = Router::new()
        .route("/health", get(|| async { Json(serde_json::json!({ "status": "alive" })) }))
        .route("/ready", get(ready).with_state((context.clone(), migrations)))
        .route(
            "/metrics",
            get(move || async move {
                ([(header::CONTENT_TYPE, "text/plain; version=0.0.4")], telemetry::render_metrics(Some(service)))
            }),
        )
        .route("/openapi.json", get(move || async move { Json(document.clone()) }));
    let router = router
        .merge(operations)
        .layer(DefaultBodyLimit::max(LARGEST_BODY))
        .layer(identity::layer(context.identity().clone()))
        .layer(middleware::from_fn_with_state(service, layer::around))
        .method_not_allowed_fallback(|| async {
            Problem::new(StatusCode::METHOD_NOT_ALLOWED, "method-not-allowed", "This method is not for this path")
        });
    Ok(Running { name: service, router, tasks, context, stop })
}

impl Running {
    /// Serves until asked to stop, then ends everything within a deadline: first background work, here and in the services beside
    /// this one, since what it has in hand may call them; then the server.
    ///
    /// # Errors
    /// A background task died: the process must go down loudly rather than go on half alive.
    pub(super) async fn serve(
        mut self,
        listener: TcpListener,
        farewell: Farewell,
        busy: Busy,
    ) -> Result<(), BootError> {
        let end = CancellationToken::new();
        let mut server = tokio::spawn(server::serve(listener, self.router, farewell, end.clone(), DRAIN));
        let died = loop {
            tokio::select! {
                ended = self.tasks.join_next(), if !self.tasks.is_empty() => match ended {
                    Some(Err(error)) if error.is_panic() => {
                        let panic = error.into_panic();
                        break Some(format!("a background task of {} died: {}", self.name, super::panic_message(&*panic)));
                    }
                    _ if self.stop.is_cancelled() => {}
                    _ => break Some(format!("a background task of {} ended by itself", self.name)),
                },
                _ = &mut server => break Some(format!("the server of {} ended by itself", self.name)),
                () = self.stop.cancelled() => break None,
            }
        };
        self.stop.cancel();
        let finish = async { while self.tasks.join_next().await.is_some() {} };
        if tokio::time::timeout(DRAIN, finish).await.is_err() {
            tracing::warn!(service = %self.name, "background work did not end in time and was cut off");
        }
        if died.is_none() {
            busy.no_more().await;
        } else {
            // The others learn of it from our end.
            drop(busy);
        }
        end.cancel();
        if !server.is_finished() {
            let _cut_off = server.await;
        }
        if let Some(db) = self.context.database_if_any() {
            let _hung = tokio::time::timeout(Duration::from_secs(2), db.close()).await;
        }
        died.map_or(Ok(()), |cause| Err(BootError::Other(cause)))
    }
}

/// One service's background work among that of all that end together.
pub(super) struct Busy {
    all: TaskTracker,
    own: TaskTrackerToken,
}

impl Busy {
    pub fn new(all: &TaskTracker) -> Self {
        all.close();
        Busy { all: all.clone(), own: all.token() }
    }

    /// This one's has ended. Resolves when all has.
    async fn no_more(self) {
        drop(self.own);
        self.all.wait().await;
    }
}

/// Ready means: the database answers and has all migrations, and so do Redis and the streams where there are any.
async fn ready(State((context, migrations)): State<(Context, Option<&'static Migrator>)>) -> Response {
    let mut parts = serde_json::Map::new();
    let mut note = |part: &str, result: Result<(), String>| {
        let state = result.map_or_else(|error| error, |()| "ok".to_owned());
        parts.insert(part.to_owned(), state.into());
    };
    if let Some(db) = context.database_if_any() {
        note("database", db.ping().await.map_err(|_| "cannot be reached".to_owned()));
        if let Some(migrations) = migrations {
            let current = async { db::current(&mut *db.primary().await?, migrations).await };
            note(
                "migrations",
                match current.await {
                    Ok(true) => Ok(()),
                    Ok(false) => Err("not all applied".to_owned()),
                    Err(_) => Err("cannot be read".to_owned()),
                },
            );
        }
        note("streams", context.bus().streams.ping().await.map_err(state_of_streams));
    }
    // Redis may be gone: the service is slower, and still ready.
    let redis = match context.redis() {
        Some(redis) => redis.ping().await.map_or("cannot be reached; not needed", |_| "ok"),
        None => "not configured",
    };
    let ready = parts.values().all(|state| state == "ok");
    parts.insert("cache".to_owned(), redis.into());
    let status = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(serde_json::json!({ "ready": ready, "parts": parts }))).into_response()
}

/// Without the reason, which the log has: whoever sees "refuse us" looks for the credentials, not for the network.
fn state_of_streams(error: BusError) -> String {
    let state = if matches!(error, BusError::Refused(_)) { "refuse us" } else { "cannot be reached" };
    tracing::warn!(%error, "not ready: the streams {state}");
    state.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn readiness_tells_a_refusal_from_an_outage_and_no_more() {
        assert_eq!(state_of_streams(BusError::Refused("Authentication failed for a/b/c".to_owned())), "refuse us");
        assert_eq!(state_of_streams(BusError::Unavailable("10.0.0.1: no route".to_owned())), "cannot be reached");
        assert_eq!(state_of_streams(BusError::Timeout(DRAIN)), "cannot be reached");
    }
}
