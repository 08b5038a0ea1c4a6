//! The tour's HTTP client: prints every step with its request, its answer and its time.

use std::io::Write as _;
use std::time::{Duration, Instant};

use http::Method;
use reqwest::RequestBuilder;
use serde_json::Value;
use uuid::Uuid;

use super::TourError;

/// What takes longer is not coming.
const PATIENCE: Duration = Duration::from_secs(30);
const PAUSE: Duration = Duration::from_millis(25);

pub struct Client {
    gateway: String,
    http: reqwest::Client,
    quiet: bool,
    pub steps: usize,
}

/// An answer that was expected.
pub struct Answer {
    pub body: Value,
    headers: http::HeaderMap,
}

impl Answer {
    /// The text at a JSON pointer such as `/payment/intent_id`.
    pub fn text(&self, pointer: &str) -> Result<String, TourError> {
        match self.body.pointer(pointer) {
            Some(Value::String(text)) => Ok(text.clone()),
            Some(other) if !other.is_null() => Ok(other.to_string()),
            _ => Err(TourError::Missing(pointer.to_owned(), self.body.to_string())),
        }
    }

    /// The entries of a list, under whichever name it has them.
    pub fn entries(&self) -> Vec<Value> {
        let named = ["items", "messages", "shipments"].iter().find_map(|name| self.body[*name].as_array());
        self.body.as_array().or(named).cloned().unwrap_or_default()
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}

/// Who sends a request.
#[derive(Clone, Default)]
pub struct Person {
    pub token: Option<String>,
    pub cart_token: Option<String>,
}

impl Client {
    pub fn new(gateway: &str, quiet: bool) -> Self {
        Client { gateway: gateway.trim_end_matches('/').to_owned(), http: reqwest::Client::new(), quiet, steps: 0 }
    }

    pub fn say(&self, text: &str) {
        if !self.quiet {
            let _closed = writeln!(std::io::stdout(), "{text}");
        }
    }

    pub fn chapter(&self, title: &str) {
        self.say(&format!("\n{title}"));
    }

    pub async fn get(&mut self, what: &str, person: &Person, path: &str) -> Result<Answer, TourError> {
        self.step(what, person, Method::GET, path, None).await
    }

    pub async fn post(&mut self, what: &str, person: &Person, path: &str, body: Value) -> Result<Answer, TourError> {
        self.step(what, person, Method::POST, path, Some(body)).await
    }

    pub async fn put(&mut self, what: &str, person: &Person, path: &str, body: Value) -> Result<Answer, TourError> {
        self.step(what, person, Method::PUT, path, Some(body)).await
    }

    /// One step of the tour: a request that must succeed.
    async fn step(
        &mut self,
        what: &str,
        person: &Person,
        method: Method,
        path: &str,
        body: Option<Value>,
    ) -> Result<Answer, TourError> {
        self.steps += 1;
        let started = Instant::now();
        let (status, answer) = self.send(person, &method, path, body.as_ref()).await?;
        self.print(what, &method, path, status, started.elapsed());
        if (200..300).contains(&status) {
            Ok(answer)
        } else {
            Err(TourError::Refused { what: what.to_owned(), status, body: answer.body.to_string() })
        }
    }

    /// One step that waits: asks again until `found` says that it has come true.
    pub async fn until<T>(
        &mut self,
        what: &str,
        person: &Person,
        path: &str,
        found: impl Fn(&Answer) -> Option<T>,
    ) -> Result<T, TourError> {
        self.steps += 1;
        let started = Instant::now();
        loop {
            let (status, answer) = self.send(person, &Method::GET, path, None).await?;
            if let Some(found) = found(&answer).filter(|_| (200..300).contains(&status)) {
                self.print(what, &Method::GET, path, status, started.elapsed());
                return Ok(found);
            }
            if started.elapsed() > PATIENCE {
                return Err(TourError::NeverCame { what: what.to_owned(), last: answer.body.to_string() });
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    async fn send(
        &self,
        person: &Person,
        method: &Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<(u16, Answer), TourError> {
        let mut request: RequestBuilder = self.http.request(method.clone(), format!("{}{path}", self.gateway));
        if let Some(token) = &person.token {
            request = request.bearer_auth(token);
        }
        if let Some(token) = &person.cart_token {
            request = request.header("x-cart-token", token);
        }
        if *method == Method::POST {
            request = request.header("idempotency-key", Uuid::now_v7().to_string());
        }
        if let Some(body) = body {
            request = request.json(body);
        }
        let unreachable = |error: reqwest::Error| TourError::Unreachable(self.gateway.clone(), error.to_string());
        let response = request.send().await.map_err(unreachable)?;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let text = response.text().await.map_err(unreachable)?;
        let body = serde_json::from_str(&text).unwrap_or(Value::String(text));
        Ok((status, Answer { body, headers }))
    }

    fn print(&self, what: &str, method: &Method, path: &str, status: u16, took: Duration) {
        self.say(&format!("  {:>6} ms  {what:<44} {status} {method} {path}", took.as_millis()));
    }
}
