//! Database with PostgreSQL, as far as reading and resizing of database systems goes.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::extract::{Path, Request, State};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use http::{HeaderValue, StatusCode, header};
use platform::clock::Clock;
use serde::Deserialize;
use serde_json::json;
use types::Timestamp;

use super::faults::{Faults, body, refusal, silence};

/// What the shape PostgreSQL.VM.Standard.E5.Flex is taken to offer.
const LARGEST: u32 = 64;
const MEMORY_PER_OCPU: std::ops::RangeInclusive<u32> = 1..=64;

/// Cheap to clone; clones share the database systems.
#[derive(Clone)]
pub struct Postgresql {
    clock: Clock,
    compartment: String,
    held: Arc<Mutex<Held>>,
    pub faults: Faults,
}

struct Held {
    systems: BTreeMap<String, System>,
    change_takes: Duration,
    dates_changes: bool,
}

#[derive(Clone)]
struct System {
    state: Condition,
    ocpus: u32,
    memory: u32,
    version: u64,
    updated: Timestamp,
    /// Sizes that it was given, the first included.
    history: Vec<(Timestamp, u32, u32)>,
}

#[derive(Clone, Copy)]
enum Condition {
    Is(&'static str),
    UpdatingUntil(Timestamp),
}

impl Postgresql {
    /// Without any database system. A change takes five minutes on `clock`.
    pub fn new(clock: Clock, compartment: &str) -> Self {
        let held = Held { systems: BTreeMap::new(), change_takes: Duration::from_mins(5), dates_changes: true };
        let (held, faults) = (Arc::new(Mutex::new(held)), Faults::default());
        Postgresql { clock, compartment: compartment.to_owned(), held, faults }
    }

    /// How long a change takes from now on.
    pub fn set_change_takes(&self, time: Duration) {
        self.held().change_takes = time;
    }

    /// Does `timeUpdated` show changes of the size? Nothing promises that it does.
    pub fn set_dates_changes(&self, dates: bool) {
        self.held().dates_changes = dates;
    }

    /// A system that has been there for a day.
    pub fn create(&self, id: &str, ocpus: u32, memory: u32) {
        let updated = self.clock.now().minus(Duration::from_hours(24));
        let history = vec![(updated, ocpus, memory)];
        let system = System { state: Condition::Is("ACTIVE"), ocpus, memory, version: 1, updated, history };
        self.held().systems.insert(id.to_owned(), system);
    }

    /// From now on it is in this state, such as `NEEDS_ATTENTION`.
    pub fn set_state(&self, id: &str, state: &'static str) {
        if let Some(system) = self.held().systems.get_mut(id) {
            system.state = Condition::Is(state);
        }
    }

    /// Somebody else changes something about it, such as its description.
    pub fn touch(&self, id: &str) {
        let now = self.clock.now();
        if let Some(system) = self.held().systems.get_mut(id) {
            system.version += 1;
            system.updated = now;
        }
    }

    /// OCPUs and memory in GB, each with the time since which it has had them; the first is what it was created with.
    pub fn history(&self, id: &str) -> Vec<(Timestamp, u32, u32)> {
        self.held().systems.get(id).map(|system| system.history.clone()).unwrap_or_default()
    }

    /// OCPUs now.
    pub fn ocpus(&self, id: &str) -> u32 {
        self.history(id).last().map(|(_, ocpus, _)| *ocpus).unwrap_or_default()
    }

    /// How many are being changed.
    pub fn updating(&self) -> usize {
        let now = self.clock.now();
        self.held().systems.values().filter(|system| system.state_at(now) == "UPDATING").count()
    }

    pub fn router(&self) -> Router {
        Router::new().route("/20220915/dbSystems/{id}", get(read).put(update)).with_state(self.clone())
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl System {
    fn state_at(&self, now: Timestamp) -> &'static str {
        match self.state {
            Condition::Is(state) => state,
            Condition::UpdatingUntil(end) if now < end => "UPDATING",
            Condition::UpdatingUntil(_) => "ACTIVE",
        }
    }

    /// Another one as soon as anything is different, its state included. Nobody may make sense of it.
    fn etag_at(&self, now: Timestamp) -> HeaderValue {
        let version = self.version.wrapping_mul(0x9e37_79b9);
        HeaderValue::from_str(&format!("{version:08x}{}", self.state_at(now).len())).expect("a header")
    }
}

async fn read(
    State(service): State<Postgresql>,
    Path(id): Path<String>,
    request: Request,
) -> Result<Response, Response> {
    service.faults.strike(request.method()).await?;
    let now = service.clock.now();
    let system = service.held().systems.get(&id).cloned().ok_or_else(absent)?;
    let mut response = Json(json!({
        "id": id, "displayName": id.rsplit('.').next(), "compartmentId": service.compartment,
        "lifecycleState": system.state_at(now), "systemType": "OCI_OPTIMIZED_STORAGE", "dbVersion": "16",
        "shape": "PostgreSQL.VM.Standard.E5.Flex", "instanceCount": 3,
        "instanceOcpuCount": system.ocpus, "instanceMemorySizeInGBs": system.memory,
        "timeCreated": system.history[0].0, "timeUpdated": system.updated, "freeformTags": {}, "definedTags": {},
    }))
    .into_response();
    response.headers_mut().insert(header::ETAG, system.etag_at(now));
    Ok(response)
}

/// Of the many fields of `UpdateDbSystemDetails`, those that make it larger or smaller.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Details {
    instance_ocpu_count: u32,
    #[serde(rename = "instanceMemorySizeInGBs")]
    instance_memory_size_in_gbs: u32,
}

async fn update(
    State(service): State<Postgresql>,
    Path(id): Path<String>,
    request: Request,
) -> Result<Response, Response> {
    let struck = service.faults.strike(request.method()).await?;
    if struck.overtaken {
        service.touch(&id);
    }
    let if_match = request.headers().get(header::IF_MATCH).cloned();
    let details: Details = body(request).await?;
    let (ocpus, memory) = (details.instance_ocpu_count, details.instance_memory_size_in_gbs);
    service.resize(&id, if_match.as_ref(), ocpus, memory)?;
    if struck.in_silence {
        return silence().await;
    }
    let mut response = StatusCode::ACCEPTED.into_response();
    response
        .headers_mut()
        .insert("opc-work-request-id", HeaderValue::from_static("ocid1.postgresqlworkrequest.oc1..w"));
    Ok(response)
}

impl Postgresql {
    fn resize(&self, id: &str, if_match: Option<&HeaderValue>, ocpus: u32, memory: u32) -> Result<(), Response> {
        let now = self.clock.now();
        let mut held = self.held();
        let Held { systems, change_takes, dates_changes } = &mut *held;
        let system = systems.get_mut(id).ok_or_else(absent)?;
        if if_match.is_some_and(|etag| *etag != system.etag_at(now)) {
            return Err(refusal(StatusCode::PRECONDITION_FAILED, "NoEtagMatch", "It was changed in the meantime"));
        }
        if system.state_at(now) != "ACTIVE" {
            let message = format!("It is {}", system.state_at(now));
            return Err(refusal(StatusCode::CONFLICT, "IncorrectState", &message));
        }
        let invalid = |message: &str| refusal(StatusCode::BAD_REQUEST, "InvalidParameter", message);
        if !(1..=LARGEST).contains(&ocpus) {
            return Err(invalid("instanceOcpuCount is not what the shape offers"));
        }
        if !memory.is_multiple_of(ocpus) || !MEMORY_PER_OCPU.contains(&(memory / ocpus)) {
            return Err(invalid("instanceMemorySizeInGBs does not go with instanceOcpuCount"));
        }
        if (ocpus, memory) == (system.ocpus, system.memory) {
            return Err(invalid("nothing would change"));
        }
        (system.ocpus, system.memory) = (ocpus, memory);
        system.state = Condition::UpdatingUntil(now.plus(*change_takes));
        system.version += 1;
        if *dates_changes {
            system.updated = now;
        }
        system.history.push((now, ocpus, memory));
        Ok(())
    }
}

fn absent() -> Response {
    refusal(StatusCode::NOT_FOUND, "NotAuthorizedOrNotFound", "No such database system, or not for you")
}
