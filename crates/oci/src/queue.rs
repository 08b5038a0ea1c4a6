//! OCI Queue, version 20210201 (<https://docs.oracle.com/en-us/iaas/api/#/en/queue/20210201/>): the messages of one queue.
//!
//! A message lies in a channel of its queue, and is looked for in one channel. Whoever gets it has it alone until its
//! visibility time is over; its receipt is good until then.

use std::collections::BTreeMap;
use std::time::Duration;

use http::{Method, StatusCode};
use reqwest::Url;
use serde::{Deserialize, Deserializer, Serialize};

use crate::Error;
use crate::client::{Client, Request};

/// How many messages one request may put, get, update or delete.
pub const BATCH: usize = 20;
/// How large the content of one message may be, in bytes.
pub const LARGEST_CONTENT: usize = 256 << 10;
/// How large the contents of one request may be together, in bytes.
pub const LARGEST_BATCH: usize = 512 << 10;
/// How long one request may wait for a message.
pub const LONGEST_POLL: Duration = Duration::from_secs(30);
/// How long a message may be kept from others.
pub const LONGEST_VISIBILITY: Duration = Duration::from_secs(12 * 60 * 60);

/// One queue. Cheap to clone.
#[derive(Clone)]
pub struct Queue {
    client: Client,
    url: Url,
    /// How long an answer may take, beyond a wait that was asked for.
    answer_within: Duration,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Content {
    pub content: String,
    pub metadata: Metadata,
}

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Metadata {
    pub channel_id: String,
    #[serde(default)]
    pub custom_properties: BTreeMap<String, String>,
}

/// A message as it is delivered.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Delivered {
    /// For people: no request takes it.
    #[serde(deserialize_with = "number_or_text")]
    pub id: String,
    pub content: String,
    pub receipt: String,
    /// How often it has been delivered, this time included.
    pub delivery_count: u32,
    pub created_at: Option<types::Timestamp>,
    #[serde(default)]
    pub metadata: Metadata,
}

/// Numbers of messages, which the service calls approximate.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Stats {
    pub visible_messages: u64,
    pub in_flight_messages: u64,
}

/// What became of each message of a batch, in its order: nothing if all is well, or the HTTP status of what went wrong.
pub type Outcomes = Vec<Result<(), (u16, String)>>;

impl Queue {
    /// `url` is the queue's messages endpoint and its OCID: `https://cell-1.queue.messaging.REGION.oci.oraclecloud.com/20210201/queues/OCID`.
    ///
    /// # Errors
    /// [`Error::Configuration`] if it is no such URL.
    pub fn new(client: Client, url: &str, answer_within: Duration) -> Result<Self, Error> {
        let wrong = |reason: &str| Error::Configuration(format!("a queue's URL: {reason}"));
        let url = Url::parse(url.trim_end_matches('/')).map_err(|error| wrong(&error.to_string()))?;
        let is_queue = url.path_segments().is_some_and(|mut s| {
            s.next() == Some("20210201")
                && s.next() == Some("queues")
                && s.next().is_some_and(|id| !id.is_empty())
                && s.next().is_none()
        });
        if !is_queue {
            return Err(wrong("its path should be /20210201/queues/ and the queue's OCID"));
        }
        Ok(Queue { client, url, answer_within })
    }

    /// Puts up to [`BATCH`] messages, all or none.
    pub async fn put(&self, messages: &[Content]) -> Result<(), Error> {
        #[derive(Serialize)]
        struct Put<'a> {
            messages: &'a [Content],
        }
        let request = self.request(Method::POST, &["messages"]).json(&Put { messages })?;
        self.client.send(request).await.map(|_| ())
    }

    /// Up to `max` messages of a channel, waiting up to `wait` (whole seconds count) for the first, and keeping them from others for
    /// `visibility`, or for the queue's own time.
    pub async fn get(
        &self,
        channel: &str,
        max: usize,
        wait: Duration,
        visibility: Option<Duration>,
    ) -> Result<Vec<Delivered>, Error> {
        #[derive(Deserialize)]
        struct Got {
            messages: Vec<Delivered>,
        }
        let wait = wait.min(LONGEST_POLL).as_secs();
        let mut request = self.request(Method::GET, &["messages"]);
        request.within += Duration::from_secs(wait);
        {
            let mut query = request.url.query_pairs_mut();
            query.append_pair("channelFilter", channel);
            query.append_pair("limit", &max.clamp(1, BATCH).to_string());
            query.append_pair("timeoutInSeconds", &wait.to_string());
            if let Some(visibility) = visibility {
                query.append_pair("visibilityInSeconds", &seconds(visibility).to_string());
            }
        }
        Ok(self.client.send(request).await?.json::<Got>()?.messages)
    }

    /// Lets a message be visible again after `visibility` from now. False if its receipt is not good any more.
    pub async fn set_visibility(&self, receipt: &str, visibility: Duration) -> Result<bool, Error> {
        let request = self.request(Method::PUT, &["messages", receipt]);
        let request = request.json(&serde_json::json!({ "visibilityInSeconds": seconds(visibility) }))?;
        match self.client.send(request).await {
            Ok(_) => Ok(true),
            Err(error) if error.status().is_some_and(is_gone) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// The same for up to [`BATCH`] messages at once.
    pub async fn set_visibilities(&self, receipts: &[&str], visibility: Duration) -> Result<Outcomes, Error> {
        let visibility = seconds(visibility);
        let entry = |receipt: &&str| serde_json::json!({ "receipt": receipt, "visibilityInSeconds": visibility });
        self.batch("updateMessages", receipts.iter().map(entry).collect()).await
    }

    /// Deletes up to [`BATCH`] messages.
    pub async fn delete(&self, receipts: &[&str]) -> Result<Outcomes, Error> {
        let entry = |receipt: &&str| serde_json::json!({ "receipt": receipt });
        self.batch("deleteMessages", receipts.iter().map(entry).collect()).await
    }

    pub async fn stats(&self, channel: &str) -> Result<Stats, Error> {
        #[derive(Deserialize)]
        struct QueueStats {
            queue: Stats,
        }
        let mut request = self.request(Method::GET, &["stats"]);
        request.url.query_pairs_mut().append_pair("channelId", channel);
        Ok(self.client.send(request).await?.json::<QueueStats>()?.queue)
    }

    async fn batch(&self, action: &str, entries: Vec<serde_json::Value>) -> Result<Outcomes, Error> {
        #[derive(Deserialize)]
        struct Outcome {
            entries: Vec<Entry>,
        }
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Entry {
            error_code: Option<u16>,
            error_message: Option<String>,
        }
        let asked = entries.len();
        let request = self.request(Method::POST, &["messages", "actions", action]);
        let request = request.json(&serde_json::json!({ "entries": entries }))?;
        let response = self.client.send(request).await?;
        let outcome: Outcome = response.json()?;
        if outcome.entries.len() != asked {
            let reason = format!("{} outcomes for {asked} messages", outcome.entries.len());
            return Err(Error::Answer { host: self.url.host_str().unwrap_or_default().to_owned(), reason });
        }
        let judge = |entry: Entry| match entry.error_code {
            None => Ok(()),
            Some(code) => Err((code, entry.error_message.unwrap_or_default())),
        };
        Ok(outcome.entries.into_iter().map(judge).collect())
    }

    fn request(&self, method: Method, path: &[&str]) -> Request {
        let mut url = self.url.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.extend(path);
        }
        Request::new(method, url, self.answer_within)
    }
}

/// Does an answer with this status mean that the message is not ours any more?
pub fn is_gone(status: StatusCode) -> bool {
    status == StatusCode::NOT_FOUND || status == StatusCode::CONFLICT
}

/// Whole seconds, rounded up so that nobody else gets a message early.
fn seconds(duration: Duration) -> u64 {
    let duration = duration.min(LONGEST_VISIBILITY);
    duration.as_secs() + u64::from(duration.subsec_nanos() > 0)
}

/// Identifiers are numbers beyond what some languages hold exactly, and come as text from some regions.
fn number_or_text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Id {
        Number(u64),
        Text(String),
    }
    Ok(match Id::deserialize(deserializer)? {
        Id::Number(number) => number.to_string(),
        Id::Text(text) => text,
    })
}
