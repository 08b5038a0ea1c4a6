//! Razorpay's REST API: orders, payments, refunds, webhooks (https://razorpay.com/docs/api). One attempt of ours is one order of
//! theirs, whose `receipt` is our attempt's id; the customer pays it on their hosted checkout.

mod checkout;
mod wire;

use std::time::Duration;

use async_trait::async_trait;
use aws_lc_rs::hmac;
use contracts::payment::{PaymentAction, PaymentActionType};
use http::{HeaderMap, Method, StatusCode};
use platform::identity::Secret;
use reqwest::RequestBuilder;
use serde::Serialize;
use serde::de::DeserializeOwned;
use types::{AttemptId, Money, OrderId, Timestamp};

use super::{
    Known, NewPayment, Notice, PaymentReport, Provider, ProviderError, ProviderName, RefundReport, RefundRequest,
    WebhookError,
};
use crate::domain::Reported;
use crate::signature;

pub const SIGNATURE: &str = "x-razorpay-signature";
pub const EVENT_ID: &str = "x-razorpay-event-id";
/// Makes repeating a refund safe: 10 or more letters, digits, hyphens and underscores.
const REFUND_KEY: &str = "x-refund-idempotency";

/// `RAZORPAY_...`
pub struct RazorpayConfig {
    pub base_url: String,
    pub key_id: String,
    pub key_secret: Secret<String>,
    pub webhook_secret: Secret<String>,
    /// For one request.
    pub timeout: Duration,
    /// Where the checkout sends the customer back to; `{order_id}` stands for the order.
    pub return_url: Option<String>,
}

pub struct Razorpay {
    config: RazorpayConfig,
    http: reqwest::Client,
}

impl Razorpay {
    /// # Errors
    /// The TLS back end cannot be set up.
    pub fn new(config: RazorpayConfig) -> Result<Self, reqwest::Error> {
        let http = reqwest::Client::builder()
            .timeout(config.timeout)
            .connect_timeout(Duration::from_secs(2))
            // An answer that sends our credentials elsewhere is no answer.
            .redirect(reqwest::redirect::Policy::none())
            .build()?;
        Ok(Razorpay { config, http })
    }

    /// A page that takes the customer to Razorpay's hosted checkout for an order of theirs
    /// (https://razorpay.com/docs/payments/payment-gateway/web-integration/hosted).
    pub fn checkout_page(&self, reference: &str, order: OrderId, amount: Money) -> String {
        let back = self.config.return_url.as_ref().map(|url| url.replace("{order_id}", &order.to_string()));
        checkout::page(&self.config.key_id, reference, amount, back.as_deref())
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.http
            .request(method, format!("{}/v1/{path}", self.config.base_url))
            .basic_auth(&self.config.key_id, Some(self.config.key_secret.expose()))
    }

    async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, ProviderError> {
        answer(self.request(Method::GET, path)).await
    }

    async fn post<T: DeserializeOwned>(&self, path: &str, body: &impl Serialize) -> Result<T, ProviderError> {
        answer(self.request(Method::POST, path).json(body)).await
    }

    /// The order that was opened for an attempt whose answer was lost.
    async fn order_of(&self, attempt: AttemptId) -> Result<Option<wire::Order>, ProviderError> {
        let found: wire::Collection<wire::Order> = self.get(&format!("orders?receipt={attempt}")).await?;
        Ok(found.items.into_iter().next())
    }
}

#[async_trait]
impl Provider for Razorpay {
    fn name(&self) -> ProviderName {
        ProviderName::Razorpay
    }

    async fn create(&self, payment: &NewPayment) -> Result<PaymentReport, ProviderError> {
        if payment.repeated
            && let Some(order) = self.order_of(payment.attempt_id).await?
        {
            return Ok(opened(payment.attempt_id, order));
        }
        let order: wire::Order = self
            .post(
                "orders",
                &serde_json::json!({
                    "amount": payment.amount,
                    "currency": wire::CURRENCY,
                    "receipt": payment.attempt_id,
                    "notes": { "order_number": payment.order_number },
                }),
            )
            .await?;
        Ok(opened(payment.attempt_id, order))
    }

    async fn fetch(&self, attempt: &Known) -> Result<Option<PaymentReport>, ProviderError> {
        let order_id = match &attempt.reference {
            Some(reference) => reference.clone(),
            None => match self.order_of(attempt.attempt_id).await? {
                Some(order) => order.id,
                None => return Ok(None),
            },
        };
        let payments: wire::Collection<wire::Payment> = self.get(&format!("orders/{order_id}/payments")).await?;
        let best = payments.items.into_iter().max_by_key(wire::Payment::rank);
        Ok(Some(match best {
            Some(payment) => PaymentReport { reference: Some(order_id), ..payment.report()? },
            None => PaymentReport {
                reference: Some(order_id),
                payment_id: None,
                state: Reported::Pending,
                amount: None,
                action: go_to_checkout(attempt.attempt_id),
                failure: None,
                at: None,
            },
        }))
    }

    async fn capture(&self, attempt: &Known) -> Result<PaymentReport, ProviderError> {
        let Some(payment_id) = &attempt.payment_id else {
            return Err(ProviderError::Refused("There is no payment to capture".to_owned()));
        };
        let body = serde_json::json!({ "amount": attempt.amount, "currency": wire::CURRENCY });
        match self.post::<wire::Payment>(&format!("payments/{payment_id}/capture"), &body).await {
            Ok(payment) => payment.report(),
            // "This payment has already been captured": the first answer was lost.
            Err(ProviderError::Refused(_)) => {
                self.get::<wire::Payment>(&format!("payments/{payment_id}")).await?.report()
            }
            Err(lost) => Err(lost),
        }
    }

    async fn refund(&self, refund: &RefundRequest) -> Result<RefundReport, ProviderError> {
        let Some(payment_id) = &refund.payment_id else {
            return Err(ProviderError::Refused(
                "Cash cannot be refunded through Razorpay payments: pay it out by bank transfer".to_owned(),
            ));
        };
        if let Some(id) = &refund.provider_refund_id {
            return Ok(self.get::<wire::Refund>(&format!("refunds/{id}")).await?.report());
        }
        let request = self
            .request(Method::POST, &format!("payments/{payment_id}/refund"))
            .header(REFUND_KEY, refund.refund_id.to_string())
            .json(&serde_json::json!({
                "amount": refund.amount,
                "speed": "normal",
                "receipt": refund.refund_id,
                "notes": { "refund_id": refund.refund_id, "reason": refund.reason },
            }));
        Ok(answer::<wire::Refund>(request).await?.report())
    }

    /// HMAC-SHA256 of the body, in hexadecimal. There is no time in it: a replay is recognised by its event id.
    fn verify_webhook(&self, headers: &HeaderMap, body: &[u8], _: Timestamp) -> Result<String, WebhookError> {
        let text = |name: &str| headers.get(name).and_then(|v| v.to_str().ok());
        let key = hmac::Key::new(hmac::HMAC_SHA256, self.config.webhook_secret.expose().as_bytes());
        let signature = text(SIGNATURE).and_then(signature::from_hex).ok_or(WebhookError::BadSignature)?;
        hmac::verify(&key, body, &signature).map_err(|_| WebhookError::BadSignature)?;
        match text(EVENT_ID) {
            Some(id) if !id.is_empty() => Ok(id.to_owned()),
            _ => Err(WebhookError::Unreadable(format!("the header {EVENT_ID} is missing"))),
        }
    }

    fn read_webhook(&self, body: &[u8]) -> Result<Notice, WebhookError> {
        wire::read_webhook(body)
    }
}

fn opened(attempt: AttemptId, order: wire::Order) -> PaymentReport {
    PaymentReport {
        reference: Some(order.id),
        payment_id: None,
        state: Reported::Pending,
        amount: Some(Money::from_paise(order.amount)),
        action: go_to_checkout(attempt),
        failure: None,
        at: None,
    }
}

/// Our page that takes the customer to Razorpay's checkout.
fn go_to_checkout(attempt: AttemptId) -> PaymentAction {
    PaymentAction { kind: PaymentActionType::Redirect, url: Some(format!("/api/v1/payments/razorpay/{attempt}")) }
}

/// Sends a request. 4xx is a refusal, except 409 (the first is still at work), 401 and 403 (our credentials: an operator mends
/// them, and the customer's payment must not fail for it) and 429; everything else that is no success is no answer.
async fn answer<T: DeserializeOwned>(request: RequestBuilder) -> Result<T, ProviderError> {
    let lost = |error: reqwest::Error| ProviderError::NoAnswer(error.without_url().to_string());
    let response = request.send().await.map_err(lost)?;
    let status = response.status();
    let body = response.bytes().await.map_err(lost)?;
    if status.is_success() {
        return serde_json::from_slice(&body)
            .map_err(|e| ProviderError::NoAnswer(format!("an unreadable answer: {e}")));
    }
    let reason = serde_json::from_slice::<wire::Failure>(&body).map(|f| f.error.description);
    let reason = reason.unwrap_or_else(|_| format!("status {status}"));
    let may_change = [
        StatusCode::CONFLICT,
        StatusCode::UNAUTHORIZED,
        StatusCode::FORBIDDEN,
        StatusCode::REQUEST_TIMEOUT,
        StatusCode::TOO_MANY_REQUESTS,
    ];
    if status.is_client_error() && !may_change.contains(&status) {
        Err(ProviderError::Refused(reason))
    } else {
        Err(ProviderError::NoAnswer(format!("{status}: {reason}")))
    }
}
