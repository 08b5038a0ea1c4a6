//! SMS and push by a provider's HTTP endpoint.

use std::time::Duration;

use contracts::notification::{NotificationKind, Outlet};
use reqwest::{Client, StatusCode};
use serde::Serialize;
use types::NotificationId;

use super::{Handed, Letter};

const TIMEOUT: Duration = Duration::from_secs(10);

/// `POST <url>` with a [`Text`], `Authorization: Bearer` if there is a token, and an `Idempotency-Key` that stays the same
/// with every try. Any 2xx means that it was accepted.
pub(super) struct Provider {
    client: Client,
    url: String,
    token: Option<String>,
}

#[derive(Serialize)]
struct Text<'a> {
    id: NotificationId,
    channel: Outlet,
    /// A telephone number (E.164), or for push the user's id.
    to: &'a str,
    /// By which an Indian provider finds the registered template (TRAI's TCCCPR 2018).
    template: NotificationKind,
    title: &'a str,
    text: &'a str,
}

impl Provider {
    pub(super) fn new(url: String, token: Option<String>) -> Result<Self, String> {
        if reqwest::Url::parse(&url).is_err() {
            return Err("NOTIFICATION_SMS_URL: not an address such as https://host/path".to_owned());
        }
        let client =
            Client::builder().timeout(TIMEOUT).build().map_err(|error| format!("NOTIFICATION_SMS_URL: {error}"))?;
        Ok(Provider { client, url, token })
    }

    pub(super) async fn send(&self, outlet: Outlet, letter: &Letter) -> Handed {
        let text = Text {
            id: letter.id,
            channel: outlet,
            to: &letter.recipient,
            template: letter.kind,
            title: &letter.subject,
            text: &letter.text,
        };
        let mut request = self.client.post(&self.url).header("Idempotency-Key", letter.id.to_string()).json(&text);
        if let Some(token) = &self.token {
            request = request.bearer_auth(token);
        }
        match request.send().await.map(|response| response.status()) {
            Ok(status) if status.is_success() => Handed::Sent,
            Ok(status @ (StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_MANY_REQUESTS)) => not_now(status),
            // A wrong token or address is ours to mend: the message keeps.
            Ok(status @ (StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN | StatusCode::NOT_FOUND)) => not_now(status),
            Ok(status) if status.is_client_error() => Handed::Refused(format!("HTTP {}", status.as_u16())),
            Ok(status) => not_now(status),
            Err(error) if error.is_timeout() => Handed::NotNow("the provider did not answer in time".to_owned()),
            Err(_) => Handed::NotNow("the provider cannot be reached".to_owned()),
        }
    }
}

fn not_now(status: StatusCode) -> Handed {
    Handed::NotNow(format!("HTTP {}", status.as_u16()))
}
