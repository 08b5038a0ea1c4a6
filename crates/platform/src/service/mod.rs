//! A service as the sum of its parts: [`Service`] is what each service crate's `service()` returns.

mod answer;
mod backlog;
mod context;
mod job;
mod openapi;
mod process;
mod running;

use std::any::Any;
use std::future::Future;
use std::sync::Arc;

use axum::Router;
use contracts::{Call, Event};
use futures::future::BoxFuture;
use sqlx::migrate::Migrator;
use types::ServiceName;
use utoipa::openapi::OpenApi;
use utoipa_axum::router::OpenApiRouter;

pub use context::{AppEnv, BootError, Context};
pub use job::{Job, Progress};
pub use process::{Bound, Process, Settings, check};
pub use running::Running;

use crate::Problem;
use crate::db::{Committed, Tx};
use crate::env::Env;
use crate::events::{Handlers, Received};

/// The state of a service: what its handlers share. Made once at start from the context.
pub trait App: Clone + Send + Sync + 'static {
    fn new(context: Context, env: &Env) -> Result<Self, BootError>;
    fn context(&self) -> &Context;
}

type Start = Box<
    dyn FnOnce(Context, Env, tokio_util::sync::CancellationToken) -> BoxFuture<'static, Result<Running, BootError>>
        + Send,
>;

/// A service, ready to be started.
pub struct Service {
    pub name: ServiceName,
    pub migrations: Option<&'static Migrator>,
    /// What it answers, public and internal.
    pub openapi: OpenApi,
    /// The event types it has handlers for.
    pub handles: Vec<&'static str>,
    check: fn(Context, &Env) -> Result<(), BootError>,
    start: Start,
}

/// Puts a service together.
pub struct Builder<A> {
    name: ServiceName,
    migrations: Option<&'static Migrator>,
    routes: OpenApiRouter<A>,
    handlers: Handlers<A>,
    jobs: Vec<Job<A>>,
    fallback: Option<Fallback<A>>,
    around: Option<Around<A>>,
}

type Fallback<A> = Box<dyn FnOnce(A) -> Router + Send>;
type Around<A> = Box<dyn FnOnce(A, Router) -> Router + Send>;

impl Service {
    pub fn builder<A: App>(name: ServiceName) -> Builder<A> {
        Builder {
            name,
            migrations: None,
            routes: OpenApiRouter::with_openapi(openapi::document(name)),
            handlers: Handlers::default(),
            jobs: Vec::new(),
            fallback: None,
            around: None,
        }
    }
}

impl<A: App> Builder<A> {
    pub fn migrations(mut self, migrations: &'static Migrator) -> Self {
        self.migrations = Some(migrations);
        self
    }

    /// Public endpoints, each with its OpenAPI (`utoipa_axum::routes!`).
    pub fn routes(mut self, routes: OpenApiRouter<A>) -> Self {
        self.routes = self.routes.merge(routes);
        self
    }

    /// Answers a call of other services, at `/internal/v1/<the call's path>`. The topology says who may call.
    pub fn answers<C, F, R>(mut self, answer: F) -> Self
    where
        C: Call,
        F: Fn(A, C) -> R + Clone + Send + Sync + 'static,
        R: Future<Output = Result<C::Reply, Problem>> + Send + 'static,
    {
        self.routes = answer::add(self.routes, answer);
        self
    }

    /// Has an effect of an event.
    pub fn on<E, F, R>(mut self, handler: F) -> Self
    where
        E: Event,
        F: Fn(A, Received<E>, Tx) -> R + Send + Sync + 'static,
        R: Future<Output = Result<Committed, Problem>> + Send + 'static,
    {
        self.handlers.add(handler);
        self
    }

    /// Work by the clock.
    pub fn job(mut self, job: Job<A>) -> Self {
        self.jobs.push(job);
        self
    }

    /// Answers what no route does: the gateway's forwarding.
    pub fn fallback(mut self, fallback: impl FnOnce(A) -> Router + Send + 'static) -> Self {
        self.fallback = Some(Box::new(fallback));
        self
    }

    /// Puts layers around all that clients ask for, the fallback included: the gateway's limits.
    pub fn around(mut self, around: impl FnOnce(A, Router) -> Router + Send + 'static) -> Self {
        self.around = Some(Box::new(around));
        self
    }

    pub fn build(self) -> Service {
        let Builder { name, migrations, routes, handlers, jobs, fallback, around } = self;
        let (router, mut document) = routes.split_for_parts();
        openapi::complete(&mut document);
        let served = document.clone();
        let handlers = Arc::new(handlers);
        Service {
            name,
            migrations,
            openapi: document,
            handles: handlers.types().collect(),
            check: |context, env| A::new(context, env).map(drop),
            start: Box::new(move |context, env, stop| {
                Box::pin(async move {
                    let app = A::new(context.clone(), &env)?;
                    let fallback = fallback.map(|make| make(app.clone()));
                    let router = router.with_state(app.clone());
                    let router = match fallback {
                        Some(fallback) => router.fallback_service(fallback),
                        None => router.fallback(|| async { Problem::not_found("path") }),
                    };
                    let router = match around {
                        Some(around) => around(app.clone(), router),
                        None => router,
                    };
                    running::start(running::Parts {
                        app,
                        context,
                        router,
                        document: served,
                        migrations,
                        handlers,
                        jobs,
                        stop,
                    })
                    .await
                })
            }),
        }
    }
}

impl std::fmt::Debug for Service {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Service").field("name", &self.name).finish_non_exhaustive()
    }
}

/// A panic's message, for the log.
pub(crate) fn panic_message(panic: &(dyn Any + Send)) -> &str {
    panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("no message")
}
