//! The REST API: what it takes, and how it refuses the rest.

use std::time::{Duration, Instant};

use axum::extract::{Path, Query, Request, State};
use axum::response::Response;
use axum::routing::{get, post, put};
use axum::{Json, Router};
use http::{Method, StatusCode};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use types::QueueName;

use super::{Message, Metadata, Queues, RETENTION, Wanted, ocid};
use crate::oci::faults::{body, refusal};

const BATCH: usize = 20;
const LARGEST_CONTENT: usize = 256 << 10;
const LARGEST_BATCH: usize = 512 << 10;
const LONGEST_POLL: u64 = 30;
const LONGEST_VISIBILITY: u64 = 12 * 60 * 60;
/// What a queue has that nobody asked to be otherwise, in seconds.
const VISIBILITY: u64 = 30;

/// Below a queue's path.
pub fn router(queues: Queues) -> Router {
    Router::new()
        .route("/messages", get(get_messages).post(put_messages))
        .route("/messages/{receipt}", put(update_message).delete(delete_message))
        .route("/messages/actions/deleteMessages", post(delete_messages))
        .route("/messages/actions/updateMessages", post(update_messages))
        .route("/stats", get(stats))
        .route("/channels", get(channels))
        .with_state(queues)
}

/// Counts a request, meets it with a planted fault, and finds its queue.
async fn enter(queues: &Queues, queue: &str, method: Method) -> Result<QueueName, Response> {
    queues.stored().requests += 1;
    queues.faults.strike(&method).await?;
    let found = QueueName::ALL.iter().copied().find(|name| ocid(*name) == queue);
    found.ok_or_else(|| refusal(StatusCode::NOT_FOUND, "NotAuthorizedOrNotFound", "no such queue, or not for you"))
}

fn invalid(message: &str) -> Response {
    refusal(StatusCode::BAD_REQUEST, "InvalidParameter", message)
}

fn stale() -> Response {
    refusal(StatusCode::NOT_FOUND, "NotAuthorizedOrNotFound", "the receipt is not good, or not any more")
}

fn visibility(seconds: u64) -> Result<u64, Response> {
    if seconds > LONGEST_VISIBILITY { Err(invalid("visibilityInSeconds: at most 43200")) } else { Ok(seconds) }
}

fn query<T: DeserializeOwned>(request: &Request) -> Result<T, Response> {
    Query::try_from_uri(request.uri()).map(|Query(query)| query).map_err(|error| invalid(&error.body_text()))
}

fn entries<T>(entries: Vec<T>) -> Result<Vec<T>, Response> {
    if (1..=BATCH).contains(&entries.len()) { Ok(entries) } else { Err(invalid("1 to 20 entries are expected")) }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Parameters {
    #[serde(default = "one")]
    limit: usize,
    #[serde(default = "longest_poll")]
    timeout_in_seconds: u64,
    #[serde(default = "default_visibility")]
    visibility_in_seconds: u64,
    channel_filter: Option<String>,
}

fn one() -> usize {
    1
}

fn longest_poll() -> u64 {
    LONGEST_POLL
}

fn default_visibility() -> u64 {
    VISIBILITY
}

async fn get_messages(
    State(queues): State<Queues>,
    Path(queue): Path<String>,
    request: Request,
) -> Result<Json<Value>, Response> {
    let queue = enter(&queues, &queue, request.method().clone()).await?;
    let Parameters { limit, timeout_in_seconds, visibility_in_seconds, channel_filter } = query(&request)?;
    if !(1..=BATCH).contains(&limit) || timeout_in_seconds > LONGEST_POLL {
        return Err(invalid("limit is 1 to 20, timeoutInSeconds 0 to 30"));
    }
    let hidden = Duration::from_secs(visibility(visibility_in_seconds)?);
    let wanted = Wanted { limit, channel: channel_filter, hidden };
    let deadline = Instant::now() + Duration::from_secs(timeout_in_seconds);
    loop {
        let put = queues.inner.put.notified();
        let next = match queues.deliver(queue, &wanted) {
            Ok(messages) => return Ok(Json(json!({ "messages": messages }))),
            Err(next) => next,
        };
        if Instant::now() >= deadline {
            return Ok(Json(json!({ "messages": [] })));
        }
        let until = next.map_or(deadline, |next| next.min(deadline));
        let _whichever = tokio::time::timeout_at(until.into(), put).await;
    }
}

async fn put_messages(
    State(queues): State<Queues>,
    Path(queue): Path<String>,
    request: Request,
) -> Result<Json<Value>, Response> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Details {
        messages: Vec<Entry>,
    }
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Entry {
        content: String,
        metadata: Option<Metadata>,
    }
    let queue = enter(&queues, &queue, request.method().clone()).await?;
    let messages = entries(body::<Details>(request).await?.messages)?;
    if messages.iter().any(|entry| entry.content.is_empty() || entry.content.len() > LARGEST_CONTENT) {
        return Err(invalid("content: 1 to 262144 bytes"));
    }
    if messages.iter().map(|entry| entry.content.len()).sum::<usize>() > LARGEST_BATCH {
        return Err(invalid("messages: at most 524288 bytes together"));
    }
    let put = messages.into_iter().map(|entry| {
        let mut metadata = entry.metadata.unwrap_or_default();
        if metadata.channel_id.is_empty() {
            metadata.channel_id = ocid(queue);
        }
        json!({ "id": queues.add(queue, entry.content, metadata), "expireAfter": queues.inner.clock.now().plus(RETENTION) })
    });
    Ok(Json(json!({ "messages": put.collect::<Vec<_>>() })))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Visibility {
    visibility_in_seconds: u64,
}

async fn update_message(
    State(queues): State<Queues>,
    Path((queue, receipt)): Path<(String, String)>,
    request: Request,
) -> Result<Json<Value>, Response> {
    let queue = enter(&queues, &queue, request.method().clone()).await?;
    let seconds = visibility(body::<Visibility>(request).await?.visibility_in_seconds)?;
    queues.hide(queue, &receipt, seconds).map(Json).ok_or_else(stale)
}

async fn delete_message(
    State(queues): State<Queues>,
    Path((queue, receipt)): Path<(String, String)>,
    request: Request,
) -> Result<StatusCode, Response> {
    let queue = enter(&queues, &queue, request.method().clone()).await?;
    if queues.remove(queue, &receipt) { Ok(StatusCode::NO_CONTENT) } else { Err(stale()) }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entries<T> {
    entries: Vec<T>,
}

/// The outcome of a batch: each entry's own, and how many failed by the client's fault.
fn outcome(outcomes: Vec<Option<Value>>) -> Json<Value> {
    let failures = outcomes.iter().filter(|outcome| outcome.is_none()).count();
    let failed = || json!({ "errorCode": 404, "errorMessage": "the receipt is not good, or not any more" });
    let outcomes: Vec<Value> = outcomes.into_iter().map(|outcome| outcome.unwrap_or_else(failed)).collect();
    Json(json!({ "serverFailures": 0, "clientFailures": failures, "entries": outcomes }))
}

async fn delete_messages(
    State(queues): State<Queues>,
    Path(queue): Path<String>,
    request: Request,
) -> Result<Json<Value>, Response> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Entry {
        receipt: String,
    }
    let queue = enter(&queues, &queue, request.method().clone()).await?;
    let entries = entries(body::<Entries<Entry>>(request).await?.entries)?;
    Ok(outcome(entries.iter().map(|entry| queues.remove(queue, &entry.receipt).then(|| json!({}))).collect()))
}

async fn update_messages(
    State(queues): State<Queues>,
    Path(queue): Path<String>,
    request: Request,
) -> Result<Json<Value>, Response> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields, rename_all = "camelCase")]
    struct Entry {
        receipt: String,
        visibility_in_seconds: u64,
    }
    let queue = enter(&queues, &queue, request.method().clone()).await?;
    let entries = entries(body::<Entries<Entry>>(request).await?.entries)?;
    for entry in &entries {
        visibility(entry.visibility_in_seconds)?;
    }
    let hide = |entry: &Entry| queues.hide(queue, &entry.receipt, entry.visibility_in_seconds);
    Ok(outcome(entries.iter().map(hide).collect()))
}

async fn stats(
    State(queues): State<Queues>,
    Path(queue): Path<String>,
    request: Request,
) -> Result<Json<Value>, Response> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields, rename_all = "camelCase")]
    struct Parameters {
        channel_id: Option<String>,
    }
    let queue = enter(&queues, &queue, request.method().clone()).await?;
    let Parameters { channel_id } = query(&request)?;
    let stored = queues.stored();
    let here = |m: &&Message| m.queue == queue && channel_id.as_ref().is_none_or(|c| m.metadata.channel_id == *c);
    let (hidden, visible): (Vec<&Message>, Vec<&Message>) =
        stored.messages.iter().filter(here).partition(|m| m.visible_after > Instant::now());
    let size: usize = hidden.iter().chain(&visible).map(|m| m.content.len()).sum();
    let numbers =
        |visible, hidden, size| json!({ "visibleMessages": visible, "inFlightMessages": hidden, "sizeInBytes": size });
    let mut stats = json!({ "queue": numbers(visible.len(), hidden.len(), size), "dlq": numbers(0, 0, 0) });
    if let Some(channel) = &channel_id {
        stats["channelId"] = json!(channel);
    }
    Ok(Json(stats))
}

async fn channels(
    State(queues): State<Queues>,
    Path(queue): Path<String>,
    request: Request,
) -> Result<Json<Value>, Response> {
    let queue = enter(&queues, &queue, request.method().clone()).await?;
    let stored = queues.stored();
    let mut channels: Vec<&String> =
        stored.messages.iter().filter(|m| m.queue == queue).map(|m| &m.metadata.channel_id).collect();
    channels.sort();
    channels.dedup();
    Ok(Json(json!({ "items": channels })))
}
