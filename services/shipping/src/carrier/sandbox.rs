//! A carrier that needs no other company: it keeps its own books in its own tables, and tells of its parcels by signed
//! webhooks over HTTP, at least once, twice and out of order if asked to.
//!
//! Parcels whose address has one of the landmarks below meet what real ones do.

use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use contracts::shipping::{AdvanceParcel, CarrierUpdate, SandboxParcel, ShipmentStatus};
use http::{HeaderMap, Request, header};
use http_body_util::Full;
use platform::client::{self, Connections};
use platform::db::{Db, Tx};
use platform::http::body;
use platform::service::{Context, Progress};
use platform::{Problem, Result};
use types::{ShipmentId, Timestamp};
use uuid::Uuid;

use super::{Booking, Cancellation, Carrier, CarrierError, WebhookKey, route};
use crate::store::sandbox as books;

/// The first booking is done, but its answer is lost.
pub const LOSES_ANSWER: &str = "sandbox: lose the answer";
/// Every booking is refused.
pub const REFUSES: &str = "sandbox: refuse";

pub const SEND_WEBHOOKS: &str = "sandbox-webhooks";

const NAME: &str = "sandbox";
const BATCH: i64 = 20;
const WEBHOOK_TIME: Duration = Duration::from_secs(5);
/// A webhook that is being sent is nobody else's for so long.
const LEASE: Duration = Duration::from_secs(60);

/// Cheap to clone.
#[derive(Clone)]
pub struct Sandbox {
    context: Context,
    db: Db,
    key: WebhookKey,
    /// Where its webhooks go.
    webhook_url: String,
    /// How long a parcel takes for each step; zero if it moves only on request.
    step_time: Duration,
    connections: Connections,
}

impl Sandbox {
    pub fn new(context: Context, db: Db, key: WebhookKey, webhook_url: String, step_time: Duration) -> Self {
        Sandbox { context, db, key, webhook_url, step_time, connections: client::connections() }
    }

    /// Moves a parcel on request. `None` if there is none of this number.
    ///
    /// # Errors
    /// 409 if it cannot get there.
    pub async fn advance(&self, number: &str, request: &AdvanceParcel) -> Result<Option<SandboxParcel>> {
        let mut tx = self.db.begin().await?;
        let Some(mut parcel) = books::lock(&mut tx, number).await? else { return Ok(None) };
        let target = match &request.exception {
            Some(_) => Some(ShipmentStatus::Exception),
            None => request.to.or_else(|| route::next(parcel.status)),
        };
        let steps = target.and_then(|target| route::steps(parcel.status, target)).ok_or_else(|| {
            Problem::conflict("no-way-there", "The parcel cannot get there")
                .detail(format!("It is {}.", parcel.status))
                .with("shipment_status", parcel.status)
        })?;
        let mut news = Vec::new();
        for step in &steps {
            parcel.status = *step;
            let why = request.exception.as_deref().filter(|_| *step == ShipmentStatus::Exception);
            news.push(self.write_event(&mut tx, &parcel, why).await?);
        }
        books::write_status(&mut tx, &parcel, self.next_step(parcel.status)).await?;
        if request.reorder {
            news.reverse();
        }
        for event in &news {
            self.tell(&mut tx, event).await?;
            if request.duplicate {
                self.tell(&mut tx, event).await?;
            }
        }
        tx.wake_job(SEND_WEBHOOKS);
        let _committed = tx.commit().await?;
        let steps = u32::try_from(steps.len()).unwrap_or(u32::MAX);
        Ok(Some(SandboxParcel { tracking_number: parcel.tracking_number, status: parcel.status, steps }))
    }

    /// Moves a parcel whose time has come.
    pub async fn move_due(&self) -> Result<Progress> {
        let mut tx = self.db.begin().await?;
        let Some(mut parcel) = books::lock_due(&mut tx, self.context.now()).await? else { return Ok(Progress::Idle) };
        if let Some(next) = route::next(parcel.status) {
            parcel.status = next;
            let event = self.write_event(&mut tx, &parcel, None).await?;
            self.tell(&mut tx, &event).await?;
        }
        books::write_status(&mut tx, &parcel, self.next_step(parcel.status)).await?;
        tx.wake_job(SEND_WEBHOOKS);
        let _committed = tx.commit().await?;
        Ok(Progress::More)
    }

    /// Sends webhooks, one after another in their order, and keeps those that are not accepted.
    pub async fn send_webhooks(&self) -> Result<Progress> {
        let now = self.context.now();
        let mut connection = self.db.primary().await?;
        let webhooks = books::claim_webhooks(&mut connection, now, now.plus(LEASE), BATCH).await?;
        drop(connection);
        let full = i64::try_from(webhooks.len()).unwrap_or(i64::MAX) == BATCH;
        for webhook in webhooks {
            let sent = self.send(&webhook.body).await;
            let mut connection = self.db.primary().await?;
            match sent {
                Ok(()) => books::webhook_accepted(&mut connection, webhook.id).await?,
                Err(cause) => {
                    tracing::warn!(
                        cause,
                        attempts = webhook.attempts,
                        "a webhook of the sandbox carrier was not accepted"
                    );
                    let again_at = self.context.now().plus(crate::back_off(webhook.attempts));
                    books::webhook_failed(&mut connection, webhook.id, again_at).await?;
                }
            }
        }
        Ok(if full { Progress::More } else { Progress::Idle })
    }

    async fn send(&self, body: &str) -> Result<(), String> {
        let mut request = Request::post(&self.webhook_url).header(header::CONTENT_TYPE, "application/json");
        for (name, value) in self.key.sign(self.context.now(), body.as_bytes()) {
            request = request.header(name, value);
        }
        let request = request.body(Full::new(Bytes::from(body.to_owned()))).map_err(|error| error.to_string())?;
        let answer = tokio::time::timeout(WEBHOOK_TIME, self.connections.request(request));
        let response = answer.await.map_err(|error| error.to_string())?.map_err(|error| error.to_string())?;
        if response.status().is_success() { Ok(()) } else { Err(format!("answered {}", response.status())) }
    }

    /// Writes down what happened to the parcel. Its events have different times, whatever the clock says.
    async fn write_event(&self, tx: &mut Tx, parcel: &books::Parcel, why: Option<&str>) -> Result<CarrierUpdate> {
        let last = books::last_event_at(tx, &parcel.tracking_number).await?;
        let after_last = last.map(|last| last.plus(Duration::from_millis(1)));
        let id = Uuid::now_v7();
        let event = CarrierUpdate {
            event_id: id.to_string(),
            tracking_number: parcel.tracking_number.clone(),
            status: parcel.status,
            occurred_at: after_last.map_or(self.context.now(), |at| at.max(self.context.now())),
            description: why.unwrap_or(route::description(parcel.status)).to_owned(),
            location: String::new(),
        };
        books::add_event(tx, id, &event).await?;
        Ok(event)
    }

    async fn tell(&self, tx: &mut Tx, event: &CarrierUpdate) -> Result<()> {
        let body = serde_json::to_string(event).map_err(Problem::internal)?;
        Ok(books::add_webhook(tx, &body, self.context.now()).await?)
    }

    fn next_step(&self, status: ShipmentStatus) -> Option<Timestamp> {
        let moves = !self.step_time.is_zero() && route::next(status).is_some();
        moves.then(|| self.context.now().plus(self.step_time))
    }

    async fn write_booking(&self, reference: ShipmentId) -> Result<(String, bool)> {
        let number = format!("SBX{:012}", Uuid::new_v4().as_u128() % 1_000_000_000_000);
        let mut connection = self.db.primary().await?;
        Ok(books::book(&mut connection, reference, &number, self.next_step(ShipmentStatus::Created)).await?)
    }

    async fn take_back(&self, number: &str) -> Result<Option<Cancellation>> {
        let mut tx = self.db.begin().await?;
        let Some(mut parcel) = books::lock(&mut tx, number).await? else { return Ok(None) };
        let (status, outcome) = match parcel.status {
            ShipmentStatus::Cancelled => return Ok(Some(Cancellation::Cancelled)),
            ShipmentStatus::Returning => return Ok(Some(Cancellation::TurnedBack)),
            ShipmentStatus::Delivered | ShipmentStatus::Returned => return Ok(Some(Cancellation::TooLate)),
            ShipmentStatus::Created => (ShipmentStatus::Cancelled, Cancellation::Cancelled),
            _ => (ShipmentStatus::Returning, Cancellation::TurnedBack),
        };
        parcel.status = status;
        let event = self.write_event(&mut tx, &parcel, None).await?;
        self.tell(&mut tx, &event).await?;
        books::write_status(&mut tx, &parcel, self.next_step(status)).await?;
        tx.wake_job(SEND_WEBHOOKS);
        let _committed = tx.commit().await?;
        Ok(Some(outcome))
    }

    async fn events(&self, number: &str) -> Result<Vec<CarrierUpdate>> {
        Ok(books::events(&mut *self.db.primary().await?, number).await?)
    }
}

#[async_trait]
impl Carrier for Sandbox {
    fn name(&self) -> &'static str {
        NAME
    }

    async fn book(&self, booking: &Booking) -> Result<String, CarrierError> {
        if booking.address.landmark == REFUSES {
            return Err(CarrierError::Refused("the sandbox was told to".to_owned()));
        }
        let (number, is_new) = self.write_booking(booking.shipment_id).await.map_err(no_answer)?;
        if is_new && booking.address.landmark == LOSES_ANSWER {
            return Err(CarrierError::Unavailable("the answer was lost".to_owned()));
        }
        Ok(number)
    }

    async fn cancel(&self, tracking_number: &str) -> Result<Cancellation, CarrierError> {
        let outcome = self.take_back(tracking_number).await.map_err(no_answer)?;
        outcome.ok_or_else(|| CarrierError::Refused("there is no such parcel".to_owned()))
    }

    async fn track(&self, tracking_number: &str) -> Result<Vec<CarrierUpdate>, CarrierError> {
        self.events(tracking_number).await.map_err(no_answer)
    }

    fn read_webhook(&self, headers: &HeaderMap, body: &[u8], now: Timestamp) -> Result<CarrierUpdate> {
        self.key.verify(headers, body, now)?;
        body::parse(body)
    }
}

fn no_answer(problem: Problem) -> CarrierError {
    CarrierError::Unavailable(problem.to_string())
}
