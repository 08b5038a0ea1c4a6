//! The only public entry: every request of a client comes in here, and what is not fit to reach a service ends here.

mod api;
mod client_address;
mod document;
mod edge;
mod forward;
mod recent;
mod status;

use std::sync::Arc;

use platform::env::Env;
use platform::service::{App, BootError, Context, Service};
use types::ServiceName;

pub fn service() -> Service {
    Service::builder::<Gateway>(ServiceName::Gateway)
        .routes(api::routes())
        .fallback(forward::everything_else)
        .around(edge::around)
        .build()
}

/// Cheap to clone.
#[derive(Clone)]
pub struct Gateway(Arc<Inner>);

struct Inner {
    context: Context,
    settings: edge::Settings,
    upstreams: forward::Upstreams,
    recent: recent::Recent,
    documents: document::Documents,
    statuses: status::Statuses,
}

impl App for Gateway {
    fn new(context: Context, env: &Env) -> Result<Self, BootError> {
        Ok(Gateway(Arc::new(Inner {
            settings: edge::Settings::from_env(env)?,
            upstreams: forward::Upstreams::new(&context),
            recent: recent::Recent::from_env(env)?,
            documents: document::Documents::default(),
            statuses: status::Statuses::default(),
            context,
        })))
    }

    fn context(&self) -> &Context {
        &self.0.context
    }
}
