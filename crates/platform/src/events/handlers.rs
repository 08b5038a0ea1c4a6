//! What a service does when it hears of an event.

use std::collections::BTreeMap;
use std::future::Future;
use std::marker::PhantomData;
use std::sync::Arc;

use contracts::{CloudEvent, Event};
use futures::future::BoxFuture;
use types::{EventId, ServiceName, Timestamp};

use crate::Problem;
use crate::db::{Committed, Tx};

/// An event with its data read.
#[derive(Clone, Debug)]
pub struct Received<E> {
    pub id: EventId,
    pub source: ServiceName,
    /// The aggregate's id.
    pub subject: String,
    /// The aggregate's version after the change that the event tells of. Queues keep no order: an event that is older than
    /// what has been heard already must not undo it.
    pub version: i64,
    pub time: Timestamp,
    pub data: E,
}

/// The handlers of a service by event type.
pub struct Handlers<A> {
    by_type: BTreeMap<&'static str, Arc<dyn Handle<A>>>,
}

impl<A> Default for Handlers<A> {
    fn default() -> Self {
        Handlers { by_type: BTreeMap::new() }
    }
}

impl<A: Send + 'static> Handlers<A> {
    /// `handler` gets the transaction in which the event is recorded as done, and must commit it: what it returns is the
    /// proof.
    pub fn add<E, F, R>(&mut self, handler: F)
    where
        E: Event,
        F: Fn(A, Received<E>, Tx) -> R + Send + Sync + 'static,
        R: Future<Output = Result<Committed, Problem>> + Send + 'static,
    {
        self.by_type.insert(E::TYPE, Arc::new(Typed { handler, event: PhantomData::<fn(E)> }));
    }

    pub fn types(&self) -> impl Iterator<Item = &'static str> {
        self.by_type.keys().copied()
    }

    pub(super) fn of(&self, kind: &str) -> Option<&Arc<dyn Handle<A>>> {
        self.by_type.get(kind)
    }
}

pub(super) trait Handle<A>: Send + Sync {
    fn handle(&self, app: A, event: CloudEvent, tx: Tx) -> BoxFuture<'static, Result<Committed, Problem>>;
}

struct Typed<E, F> {
    handler: F,
    event: PhantomData<fn(E)>,
}

impl<A, E, F, R> Handle<A> for Typed<E, F>
where
    E: Event,
    F: Fn(A, Received<E>, Tx) -> R + Send + Sync,
    R: Future<Output = Result<Committed, Problem>> + Send + 'static,
{
    fn handle(&self, app: A, event: CloudEvent, tx: Tx) -> BoxFuture<'static, Result<Committed, Problem>> {
        match serde_json::from_value(event.data) {
            Ok(data) => {
                let received = Received {
                    id: event.id,
                    source: event.source,
                    subject: event.subject,
                    version: event.aggregateversion,
                    time: event.time,
                    data,
                };
                Box::pin((self.handler)(app, received, tx))
            }
            Err(error) => {
                let problem = Problem::internal(format!("{} {}: data cannot be read: {error}", event.kind, event.id));
                Box::pin(std::future::ready(Err(problem)))
            }
        }
    }
}
