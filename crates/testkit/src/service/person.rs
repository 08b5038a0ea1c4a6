//! Whoever sends requests to the service under test.

use std::fmt::Debug;

use contracts::Call;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, header};
use http_body_util::{BodyExt, Full};
use platform::Problem;
use platform::client::Connections;
use platform::identity::UserTokens;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use types::{Role, SessionId, UserId};
use uuid::Uuid;

/// Somebody with a browser, logged in or not. Their token is fresh for each request, whatever time the clock shows.
#[derive(Clone)]
pub struct Person {
    pub(super) base: String,
    pub(super) connections: Connections,
    pub(super) tokens: UserTokens,
    /// Absent for a guest.
    pub(super) account: Option<(UserId, SessionId, Vec<Role>)>,
    pub(super) headers: HeaderMap,
}

impl Person {
    /// Who it is.
    ///
    /// # Panics
    /// For a guest.
    pub fn id(&self) -> UserId {
        self.account.as_ref().expect("somebody who is logged in").0
    }

    /// The same person sending this header with each request.
    pub fn with(&self, name: &str, value: impl AsRef<str>) -> Self {
        let mut person = self.clone();
        let name = HeaderName::from_bytes(name.as_bytes()).expect("a header's name");
        person.headers.insert(name, HeaderValue::from_str(value.as_ref()).expect("a header's value"));
        person
    }

    /// A header that was set by [`Person::with`].
    ///
    /// # Panics
    /// If it was not.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).expect("a header that was set")
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.send(Method::GET, path, None::<&Value>).await
    }

    /// With a new `Idempotency-Key`, unless one was set by [`Person::with`].
    pub async fn post(&self, path: &str, body: &impl Serialize) -> Answer {
        const KEY: &str = "idempotency-key";
        if self.headers.contains_key(KEY) {
            return self.send(Method::POST, path, Some(body)).await;
        }
        self.with(KEY, Uuid::new_v4().to_string()).send(Method::POST, path, Some(body)).await
    }

    pub async fn put(&self, path: &str, body: &impl Serialize) -> Answer {
        self.send(Method::PUT, path, Some(body)).await
    }

    pub async fn patch(&self, path: &str, body: &impl Serialize) -> Answer {
        self.send(Method::PATCH, path, Some(body)).await
    }

    pub async fn delete(&self, path: &str) -> Answer {
        self.send(Method::DELETE, path, None::<&Value>).await
    }

    pub async fn send(&self, method: Method, path: &str, body: Option<&impl Serialize>) -> Answer {
        let body = body.map(|body| serde_json::to_vec(body).expect("JSON")).unwrap_or_default();
        self.send_bytes(method, path, body).await
    }

    /// The body as it is: for signatures over raw bytes, and for what is no JSON.
    pub async fn send_bytes(&self, method: Method, path: &str, body: Vec<u8>) -> Answer {
        let mut request = Request::builder().method(method).uri(format!("{}{path}", self.base));
        if !body.is_empty() {
            request = request.header(header::CONTENT_TYPE, "application/json");
        }
        let mut request = request.body(Full::from(body)).expect("a request");
        if let Some((user, session, roles)) = &self.account {
            let token = self.tokens.issue(*user, *session, roles).expect("an access token").token;
            let bearer = HeaderValue::from_str(&format!("Bearer {}", token.expose())).expect("a token");
            request.headers_mut().insert(header::AUTHORIZATION, bearer);
        }
        request.headers_mut().extend(self.headers.clone());
        exchange(&self.connections, request).await
    }
}

/// What came back.
#[derive(Clone, Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    /// `null` if the body is empty; a string if it is no JSON.
    pub json: Value,
    pub bytes: Vec<u8>,
}

impl Answer {
    /// # Panics
    /// With the body, if it is another status.
    #[track_caller]
    pub fn is(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}", self.json);
        self
    }

    /// # Panics
    /// If the body is something else.
    #[track_caller]
    pub fn read<T: DeserializeOwned>(&self) -> T {
        serde_json::from_value(self.json.clone()).unwrap_or_else(|error| panic!("{error} in {}", self.json))
    }

    /// The problem that was answered.
    ///
    /// # Panics
    /// If it is none, or not of this kind (the last part of its URN).
    #[track_caller]
    pub fn problem(&self, kind: &str) -> Problem {
        let problem: Problem = self.read();
        assert!(problem.is(kind), "another problem than {kind}: {}", self.json);
        problem
    }

    /// A header's text.
    ///
    /// # Panics
    /// If it is not there.
    #[track_caller]
    pub fn header(&self, name: &str) -> &str {
        let value = self.headers.get(name).unwrap_or_else(|| panic!("no {name} among {:?}", self.headers));
        value.to_str().expect("a header of text")
    }
}

pub(super) async fn call<C: Call>(
    connections: &Connections,
    base: &str,
    token: &str,
    call: &C,
) -> Result<C::Reply, Problem> {
    let request = Request::post(format!("{base}/internal/v1/{}", C::PATH))
        .header(header::CONTENT_TYPE, "application/json")
        .header(header::AUTHORIZATION, format!("Bearer {token}"))
        .body(Full::from(serde_json::to_vec(call).expect("JSON")))
        .expect("a request");
    let answer = exchange(connections, request).await;
    if answer.status == 200 { Ok(answer.read()) } else { Err(answer.read()) }
}

async fn exchange(connections: &Connections, request: Request<Full<axum::body::Bytes>>) -> Answer {
    let response = connections.request(request).await.expect("an answer");
    let (head, body) = response.into_parts();
    let bytes = body.collect().await.expect("the answer's body").to_bytes().to_vec();
    let json = match bytes.as_slice() {
        [] => Value::Null,
        bytes => {
            serde_json::from_slice(bytes).unwrap_or_else(|_| Value::String(String::from_utf8_lossy(bytes).into_owned()))
        }
    };
    Answer { status: head.status.as_u16(), headers: head.headers, json, bytes }
}
