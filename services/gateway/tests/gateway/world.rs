//! The gateway alone, and one server that stands for all that is behind it.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, StatusCode};
use http_body_util::{BodyExt, Full};
use platform::client::{self, Connections};
use platform::clock::Clock;
use platform::env::Env;
use platform::identity::{ServiceKeys, SigningKey};
use platform::service::{Bound, Settings};
use serde_json::json;
use tokio::net::TcpListener;
use tokio::sync::watch;
use types::ServiceName;

pub struct World {
    pub clock: Clock,
    pub behind: Behind,
    url: String,
    connections: Connections,
}

pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
}

/// What is behind the gateway. Cheap to clone.
#[derive(Clone)]
pub struct Behind {
    asked: Arc<AtomicUsize>,
    asked_if_ready: Arc<AtomicUsize>,
    /// While it is closed, nobody is answered.
    door: Arc<watch::Sender<bool>>,
    /// The headers of the last request.
    last: Arc<std::sync::Mutex<HeaderMap>>,
}

impl World {
    pub async fn start() -> Self {
        Self::with([]).await
    }

    pub async fn with<const N: usize>(variables: [(&str, &str); N]) -> Self {
        let behind = Behind::default();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let router = Router::new().fallback(answer).with_state(behind.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });

        let key = SigningKey::generate().unwrap();
        let own = [
            ("APP_ENV", "local".to_owned()),
            ("PORT", "0".to_owned()),
            ("BIND_ADDRESS", "127.0.0.1".to_owned()),
            // The gateway hears of nothing: it never connects.
            ("STREAMS_URL", "redis://127.0.0.1:1".to_owned()),
            ("JWT_SECRET", key.to_secret_string()),
            ("SERVICE_KEYS", ServiceKeys::document([(ServiceName::Gateway, &key)])),
        ];
        let own = own.into_iter().map(|(name, value)| (name.to_owned(), value));
        let others = ServiceName::ALL.iter().map(|s| (format!("{}_URL", s.as_str().to_uppercase()), base.clone()));
        let variables = variables.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned()));
        let (env, clock) = (Env::from_values(own.chain(others).chain(variables)), Clock::system());
        let settings = Settings { env, clock: clock.clone(), addresses: None };
        let bound = Bound::bind(vec![gateway_service::service()], settings).await.unwrap();
        let url = format!("http://127.0.0.1:{}", bound.ports().unwrap()[0].1);
        let process = bound.start().await.unwrap();
        tokio::spawn(process.run());
        World { clock, behind, url, connections: client::connections() }
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.get_with(path, &[]).await
    }

    pub async fn get_with(&self, path: &str, headers: &[(&'static str, &str)]) -> Answer {
        let mut request = http::Request::get(format!("{}{path}", self.url));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(Full::new(Bytes::new())).unwrap();
        let (parts, body) = self.connections.request(request).await.unwrap().into_parts();
        body.collect().await.unwrap();
        Answer { status: parts.status.as_u16(), headers: parts.headers }
    }

    /// To the beginning of a minute, so that no window of a limit ends during the test.
    pub fn begin_a_minute(&self) {
        let seconds = u64::try_from(self.clock.now().as_seconds()).unwrap();
        self.clock.advance(Duration::from_secs(60 - seconds % 60));
    }
}

impl Answer {
    #[track_caller]
    pub fn is(self, status: u16) -> Self {
        assert_eq!(self.status, status);
        self
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
}

impl Default for Behind {
    fn default() -> Self {
        Behind {
            asked: Arc::default(),
            asked_if_ready: Arc::default(),
            door: Arc::new(watch::Sender::new(true)),
            last: Arc::default(),
        }
    }
}

impl Behind {
    /// Requests so far, but for those whether it is ready.
    pub fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }

    pub fn asked_if_ready(&self) -> usize {
        self.asked_if_ready.load(Ordering::SeqCst)
    }

    pub fn open(&self, open: bool) {
        self.door.send_replace(open);
    }

    pub fn last(&self, header: &str) -> String {
        self.last.lock().unwrap().get(header).map_or(String::new(), |value| value.to_str().unwrap().to_owned())
    }
}

async fn answer(State(behind): State<Behind>, request: Request) -> Response {
    if request.uri().path() == "/ready" {
        behind.asked_if_ready.fetch_add(1, Ordering::SeqCst);
        return axum::Json(json!({ "ready": true, "parts": {} })).into_response();
    }
    *behind.last.lock().unwrap() = request.headers().clone();
    behind.asked.fetch_add(1, Ordering::SeqCst);
    let mut door = behind.door.subscribe();
    let _closed_for_good = door.wait_for(|open| *open).await.is_err();
    StatusCode::OK.into_response()
}
