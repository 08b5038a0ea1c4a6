//! Sends signed requests.

use std::error::Error as _;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use jiff::fmt::rfc2822::DateTimePrinter;
use reqwest::Url;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use types::Timestamp;

use crate::Error;
use crate::identity::Identity;
use crate::signature::{Signer, Target};

/// The time of day: signatures and tokens need it.
pub type Now = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// Twenty messages of a queue, at their largest, in JSON's longest form.
const LARGEST_ANSWER: usize = 32 << 20;
const CONNECT_WITHIN: Duration = Duration::from_secs(3);
const REQUEST_ID: &str = "opc-request-id";

/// Cheap to clone; clones share connections and tokens.
#[derive(Clone)]
pub struct Client(Arc<Inner>);

struct Inner {
    http: reqwest::Client,
    identity: Identity,
    now: Now,
}

#[derive(Clone, Debug)]
pub struct Request {
    pub method: Method,
    pub url: Url,
    /// Besides those that the signature brings along.
    pub headers: HeaderMap,
    pub body: Bytes,
    /// How long the answer may take, and a token if one has to be had first.
    pub within: Duration,
}

/// One that says yes.
#[derive(Clone, Debug)]
pub struct Response {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Bytes,
    host: String,
}

impl Client {
    /// Nothing is connected yet.
    ///
    /// # Errors
    /// [`Error::Configuration`] if TLS cannot be set up.
    pub fn new(identity: Identity, now: Now) -> Result<Self, Error> {
        let http = http_client().build().map_err(|error| Error::Configuration(chain(&error)))?;
        Ok(Client(Arc::new(Inner { http, identity, now })))
    }

    /// Signs a request and waits for the answer. A token that the service no longer takes is renewed once.
    ///
    /// # Errors
    /// [`Error::Service`] for every answer that is not a success.
    pub async fn send(&self, request: Request) -> Result<Response, Error> {
        let inner = &*self.0;
        let deadline = Instant::now() + request.within;
        let signer = inner.signer(deadline).await?;
        match inner.attempt(&signer, &request, deadline).await {
            Err(Error::Service { status: StatusCode::UNAUTHORIZED, .. }) if inner.identity.discard(&signer).await => {
                let signer = inner.signer(deadline).await?;
                inner.attempt(&signer, &request, deadline).await
            }
            answer => answer,
        }
    }
}

impl Inner {
    async fn signer(&self, deadline: Instant) -> Result<Signer, Error> {
        let signer = tokio::time::timeout_at(deadline.into(), self.identity.signer(&self.now)).await;
        signer.unwrap_or_else(|_| Err(Error::Token("none was given in the time that the request has".to_owned())))
    }

    async fn attempt(&self, signer: &Signer, request: &Request, deadline: Instant) -> Result<Response, Error> {
        let within = deadline.saturating_duration_since(Instant::now());
        send(&self.http, signer, &self.now, &Request { within, ..request.clone() }).await
    }
}

impl Request {
    pub fn new(method: Method, url: Url, within: Duration) -> Self {
        Request { method, url, headers: HeaderMap::new(), body: Bytes::new(), within }
    }

    /// With `body` in JSON.
    ///
    /// # Errors
    /// [`Error::Configuration`] for what JSON cannot express.
    pub fn json(mut self, body: &impl serde::Serialize) -> Result<Self, Error> {
        self.body = serde_json::to_vec(body).map_err(|error| Error::Configuration(error.to_string()))?.into();
        Ok(self)
    }
}

impl Response {
    /// # Errors
    /// [`Error::Answer`] if the body is something else.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, Error> {
        serde_json::from_slice(&self.body)
            .map_err(|error| Error::Answer { host: self.host.clone(), reason: error.to_string() })
    }
}

pub(crate) fn http_client() -> reqwest::ClientBuilder {
    reqwest::Client::builder()
        .connect_timeout(CONNECT_WITHIN)
        // Below the services' own idle time, so that it is the caller who lets go.
        .pool_idle_timeout(Duration::from_secs(20))
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
}

pub(crate) async fn send(
    http: &reqwest::Client,
    signer: &Signer,
    now: &Now,
    request: &Request,
) -> Result<Response, Error> {
    let (host, path_and_query) = parts(&request.url);
    let date = date(now())?;
    let target = Target {
        method: &request.method,
        host: &host,
        path_and_query: &path_and_query,
        body: &request.body,
        date: &date,
    };
    let mut headers = request.headers.clone();
    headers.entry(http::header::ACCEPT).or_insert(HeaderValue::from_static("application/json"));
    let id = uuid::Uuid::new_v4().simple().to_string();
    headers.entry(REQUEST_ID).or_insert_with(|| HeaderValue::from_str(&id).unwrap_or(HeaderValue::from_static("haat")));
    signer.sign(&target, &mut headers)?;
    let sending = http.request(request.method.clone(), request.url.clone()).headers(headers).body(request.body.clone());
    answer(sending, &host, request.within).await
}

/// Waits for an answer and judges it.
pub(crate) async fn answer(sending: reqwest::RequestBuilder, host: &str, within: Duration) -> Result<Response, Error> {
    let unreachable = |error: &reqwest::Error| Error::Unreachable { host: host.to_owned(), cause: chain(error) };
    let receiving = async {
        let mut response = sending.send().await.map_err(|error| unreachable(&error))?;
        let mut body = BytesMut::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| unreachable(&error))? {
            if body.len() + chunk.len() > LARGEST_ANSWER {
                let reason = format!("it is larger than {LARGEST_ANSWER} bytes");
                return Err(Error::Answer { host: host.to_owned(), reason });
            }
            body.extend_from_slice(&chunk);
        }
        let (status, headers) = (response.status(), response.headers().clone());
        Ok(Response { status, headers, body: body.freeze(), host: host.to_owned() })
    };
    let timeout = || Error::Timeout { host: host.to_owned(), within };
    let response = tokio::time::timeout(within, receiving).await.map_err(|_| timeout())??;
    if response.status.is_success() { Ok(response) } else { Err(refusal(&response)) }
}

fn refusal(response: &Response) -> Error {
    #[derive(Default, Deserialize)]
    #[serde(default)]
    struct Refusal {
        code: String,
        message: String,
    }
    let refusal: Refusal = serde_json::from_slice(&response.body).unwrap_or_default();
    let request_id = response.headers.get(REQUEST_ID).and_then(|id| id.to_str().ok()).unwrap_or("none").to_owned();
    Error::Service { status: response.status, code: refusal.code, message: refusal.message, request_id }
}

/// The Host header, and what stands in the request's first line.
fn parts(url: &Url) -> (String, String) {
    let mut host = url.host_str().unwrap_or_default().to_owned();
    if let Some(port) = url.port() {
        host = format!("{host}:{port}");
    }
    let mut path = url.path().to_owned();
    if let Some(query) = url.query() {
        path = format!("{path}?{query}");
    }
    (host, path)
}

fn date(now: Timestamp) -> Result<String, Error> {
    jiff::Timestamp::from_microsecond(now.as_microseconds())
        .and_then(|now| DateTimePrinter::new().timestamp_to_rfc9110_string(&now))
        .map_err(|error| Error::Configuration(error.to_string()))
}

/// An error with its causes: reqwest's own text leaves out what matters.
pub(crate) fn chain(error: &reqwest::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}
