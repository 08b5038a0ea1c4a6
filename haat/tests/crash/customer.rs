//! Somebody who does not take a shop that is away for an answer, or who expects it never to be away.

use std::time::Duration;

use http::Method;
use serde_json::Value;
use tokio::time::Instant;
use types::UserId;
use uuid::Uuid;

/// After so long without an answer, the shop has let its customer down.
pub const PATIENCE: Duration = Duration::from_secs(60);
const PAUSE: Duration = Duration::from_millis(100);

pub struct Customer {
    pub id: UserId,
    pub url: String,
    pub http: reqwest::Client,
    pub token: String,
    /// How long it asks again; zero for somebody who takes the first answer for the shop's last word.
    pub patience: Duration,
}

impl Customer {
    pub async fn get(&self, path: &str) -> Value {
        let answer = self.ask(Method::GET, path, None).await;
        assert_eq!(answer.0, 200, "{path}: {}", answer.1);
        answer.1
    }

    /// Logs out everywhere: the token is not good any more.
    pub async fn log_out(&self) {
        let answer = self.ask(Method::POST, "/api/v1/auth/logout", None).await;
        assert_eq!(answer.0, 204, "{}", answer.1);
    }

    pub async fn is_logged_in(&self) -> bool {
        self.is_known_to("/api/v1/orders").await
    }

    /// Is its token good there?
    pub async fn is_known_to(&self, page: &str) -> bool {
        self.ask(Method::GET, page, None).await.0 != 401
    }

    /// `None` if the shop refuses for one of these reasons.
    pub async fn post(&self, path: &str, body: &Value, refusals: &[&str]) -> Option<Value> {
        let (status, answer) = self.ask(Method::POST, path, Some(body)).await;
        if status < 300 {
            return Some(answer);
        }
        let kind = answer["type"].as_str().unwrap_or_default();
        assert!(refusals.iter().any(|refusal| kind.ends_with(refusal)), "{path}: {status} {answer}");
        None
    }

    /// Asks again, with the same key, while there is no answer or one that asks to come again.
    async fn ask(&self, method: Method, path: &str, body: Option<&Value>) -> (u16, Value) {
        let (key, given_up) = (Uuid::new_v4().to_string(), Instant::now() + self.patience);
        loop {
            let mut request = self.http.request(method.clone(), format!("{}{path}", self.url));
            request = request.bearer_auth(&self.token).header("idempotency-key", &key).timeout(PATIENCE);
            if let Some(body) = body {
                request = request.json(body);
            }
            let again = match request.send().await {
                Ok(response) => {
                    let status = response.status().as_u16();
                    match response.bytes().await {
                        Ok(body) => {
                            let answer: Value = serde_json::from_slice(&body).unwrap_or_default();
                            let later =
                                matches!(status, 502..=504) || answer["type"] == "urn:haat:problem:request-in-progress";
                            // A 500 would be the shop's mistake, not its absence.
                            if !later {
                                return (status, answer);
                            }
                            answer.to_string()
                        }
                        Err(error) => error.to_string(),
                    }
                }
                Err(error) => error.to_string(),
            };
            assert!(Instant::now() < given_up, "{path}: no answer within {:?}, at last {again}", self.patience);
            tokio::time::sleep(PAUSE).await;
        }
    }
}
