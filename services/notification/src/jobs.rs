//! Sending what is due, and forgetting what is old.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use contracts::auth::{GetConfirmedPhone, RevealCode, RevealedCode};
use contracts::notification::{NotificationKind, Outlet};
use contracts::user::{Contact, FoundContact, GetContact, Locale};
use futures::StreamExt;
use platform::Result;
use platform::scope::Scope;
use platform::service::{Job, Progress};
use types::{NotificationId, UserId};

use crate::Notifications;
use crate::domain::{Decision, Lane, Outcome, Settled, Urgency, decide, desk, rule, settle};
use crate::senders::{Handed, Letter};
use crate::store::{self, Claimed, InboxText, Tried};
use crate::templates::Subject;

/// Messages taken at once, and sent side by side.
const BATCH: usize = 32;
const SIDE_BY_SIDE: usize = 8;
/// How long one question or message may take, how long a batch, and how long it is kept from other workers: each longer than all of
/// the one before can take.
const TIME_TO_SEND: Duration = Duration::from_secs(20);
const TIME_FOR_A_BATCH: Duration = Duration::from_secs(170);
const LEASE: Duration = Duration::from_secs(180);
/// How long messages and their tries are kept.
const KEPT: Duration = Duration::from_secs(180 * 24 * 60 * 60);
const FORGOTTEN_AT_ONCE: i64 = 2000;

/// The job of a lane: it runs every second, and is woken by an event.
pub fn deliver(lane: Lane) -> Job<Notifications> {
    Job::every(Duration::from_secs(1), lane.job(), move |app| send_batch(app, lane)).within(TIME_FOR_A_BATCH)
}

/// Sends a batch of what is due. Nothing in the database is held meanwhile: a message is taken for the time of a lease. What is
/// sent quickly is settled together, and does not wait for what is sent slowly.
async fn send_batch(app: Notifications, lane: Lane) -> Result<Progress> {
    let now = app.context.now();
    let limit = i64::try_from(BATCH).unwrap_or(i64::MAX);
    let batch = store::claim(&mut *app.db.primary().await?, lane, now, now.plus(LEASE), limit).await?;
    if batch.is_empty() {
        return Ok(Progress::Idle);
    }
    let full = batch.len() == BATCH;
    let known = app.look_up(&batch).await?;
    let attempts = futures::stream::iter(batch).map(|message| app.try_to_send(message, &known));
    let mut tried = std::pin::pin!(attempts.buffer_unordered(SIDE_BY_SIDE).ready_chunks(BATCH));
    while let Some(tried) = tried.next().await {
        app.settle(&tried).await?;
    }
    Ok(if full { Progress::More } else { Progress::Idle })
}

/// Deletes messages half a year after they were sent.
pub async fn forget(app: Notifications) -> Result<Progress> {
    let before = app.context.now().minus(KEPT);
    let deleted = store::forget_before(&mut *app.db.primary().await?, before, FORGOTTEN_AT_ONCE).await?;
    Ok(if i64::try_from(deleted).is_ok_and(|deleted| deleted == FORGOTTEN_AT_ONCE) {
        Progress::More
    } else {
        Progress::Idle
    })
}

/// What a try came to, with what is to be kept of it.
struct Attempt {
    outcome: Outcome,
    inbox: Option<InboxText>,
    local: Option<Letter>,
}

impl From<Outcome> for Attempt {
    fn from(outcome: Outcome) -> Self {
        Attempt { outcome, inbox: None, local: None }
    }
}

/// To whom a message goes.
struct Addressee {
    name: String,
    recipient: String,
    locale: Locale,
    code: Option<String>,
}

/// What a batch's messages have in common to find out.
struct Known {
    superseded: HashSet<NotificationId>,
    /// Those who could not be asked about are missing.
    contacts: HashMap<UserId, FoundContact>,
}

impl Notifications {
    async fn look_up(&self, batch: &[Claimed]) -> Result<Known> {
        let superseded = store::superseded(&mut *self.db.primary().await?, batch).await?;
        let sent = batch.iter().filter(|message| !superseded.contains(&message.id));
        let users: HashSet<UserId> = sent.filter_map(|message| message.user_id).collect();
        let contacts = futures::stream::iter(users)
            .map(|user_id| async move {
                let question = GetContact { user_id };
                let asked = Scope::root().run(self.context.client().call(&question));
                Some((user_id, tokio::time::timeout(TIME_TO_SEND, asked).await.ok()?.ok()?))
            })
            .buffer_unordered(SIDE_BY_SIDE)
            .filter_map(std::future::ready);
        Ok(Known { contacts: contacts.collect().await, superseded })
    }

    async fn try_to_send(&self, message: Claimed, known: &Known) -> Tried {
        let work = Scope::root().run(self.attempt(&message, known));
        let Attempt { outcome, inbox, local } = match tokio::time::timeout(TIME_TO_SEND, work).await {
            Ok(Ok(attempt)) => attempt,
            Ok(Err(_)) => out_of_reach(),
            Err(_) => Outcome::Retry("it took too long".to_owned()).into(),
        };
        let settled = settle(outcome, message.attempts, self.context.now());
        Tried { message, settled, inbox, local }
    }

    async fn settle(&self, tried: &[Tried]) -> Result<()> {
        let settled = store::settle(&mut *self.db.primary().await?, tried, self.context.now()).await?;
        for Tried { message, settled: Settled { outcome, .. }, .. } in tried {
            if settled.contains(&message.id) {
                tracing::debug!(notification = %message.id, kind = %message.kind, outlet = %message.outlet, %outcome, "tried");
            } else {
                tracing::info!(notification = %message.id, "a message was taken by another worker or forgotten meanwhile");
            }
        }
        Ok(())
    }

    async fn attempt(&self, message: &Claimed, known: &Known) -> Result<Attempt> {
        if let Some(desk) = desk(message.kind) {
            return match self.desks.address(desk) {
                Some(address) => self.send(message, of_desk(address)).await,
                None => Ok(Outcome::Skipped("the desk has no address any more").into()),
            };
        }
        let Some(user_id) = message.user_id else { return Ok(Outcome::Failed("it is to nobody".to_owned()).into()) };
        if known.superseded.contains(&message.id) {
            return Ok(Outcome::Skipped("stale").into());
        }
        let Some(contact) = known.contacts.get(&user_id).cloned() else { return Ok(out_of_reach()) };
        let rule = rule(message.kind);
        let addressee = match (message.kind, contact) {
            // A code goes where auth says, though the profile may still be in the making.
            (NotificationKind::VerificationCode, contact) => match self.addressee_of_code(message, contact).await? {
                Ok(addressee) => addressee,
                Err(outcome) => return Ok(outcome.into()),
            },
            (_, FoundContact::Absent) => return Ok(Outcome::Retry("the customer is not known".to_owned()).into()),
            (_, FoundContact::Found(contact)) => {
                match decide(&rule, message.outlet, &contact, self.context.now()) {
                    Decision::Send => {}
                    Decision::Wait { until } => return Ok(Outcome::Postponed { until }.into()),
                    Decision::Skip(reason) => return Ok(Outcome::Skipped(reason).into()),
                }
                match self.addressee(message.outlet, rule.urgency, contact).await? {
                    Ok(addressee) => addressee,
                    Err(reason) => return Ok(Outcome::Skipped(reason).into()),
                }
            }
        };
        self.send(message, addressee).await
    }

    /// What is urgent rings at night, and what a customer says is their number may be a stranger's: it goes to one only that its owner
    /// has shown to have. The inner error says why there is nobody to send it to.
    async fn addressee(
        &self,
        outlet: Outlet,
        urgency: Urgency,
        contact: Contact,
    ) -> Result<Result<Addressee, &'static str>> {
        let recipient = match (outlet, urgency) {
            (Outlet::Inbox, _) => Ok(String::new()),
            (Outlet::Email, _) => Ok(contact.email),
            (Outlet::Sms, Urgency::Urgent) => {
                let confirmed = self.context.client().call(&GetConfirmedPhone { user_id: contact.user_id }).await?;
                confirmed.phone.ok_or("no confirmed telephone number")
            }
            (Outlet::Sms, _) => contact.phone.ok_or("no telephone number"),
            (Outlet::Push, _) => Ok(contact.user_id.to_string()),
        };
        let (name, locale) = (contact.name, contact.locale.parse().unwrap_or(Locale::English));
        Ok(recipient.map(|recipient| Addressee { name, recipient, locale, code: None }))
    }

    /// The code is asked for only now: it is stored nowhere on the way.
    async fn addressee_of_code(&self, message: &Claimed, contact: FoundContact) -> Result<Result<Addressee, Outcome>> {
        let (name, locale) = match contact {
            FoundContact::Found(contact) => (contact.name, contact.locale.parse().unwrap_or(Locale::English)),
            FoundContact::Absent => (String::new(), Locale::English),
        };
        if message.outlet == Outlet::Inbox {
            return Ok(Ok(Addressee { name, recipient: String::new(), locale, code: None }));
        }
        let Some(reference) = message.code_reference else {
            return Ok(Err(Outcome::Failed("it has no code's reference".to_owned())));
        };
        Ok(match self.context.client().call(&RevealCode { reference }).await? {
            RevealedCode::Live { code, destination, .. } => {
                Ok(Addressee { name, recipient: destination, locale, code: Some(code) })
            }
            RevealedCode::Gone => Err(Outcome::Skipped("the code is not good any more")),
        })
    }

    async fn send(&self, message: &Claimed, addressee: Addressee) -> Result<Attempt> {
        let words = self.templates.render(&Subject {
            kind: message.kind,
            outlet: message.outlet,
            locale: addressee.locale,
            name: &addressee.name,
            code: addressee.code.as_deref(),
            data: &message.data,
        });
        let words = match words {
            Ok(words) => words,
            Err(error) => {
                // It may be tried again: a version of this service that knows more may have it next.
                tracing::error!(notification = %message.id, kind = %message.kind, %error, "a message cannot be written");
                return Ok(Outcome::Retry("the message cannot be written".to_owned()).into());
            }
        };
        if message.outlet == Outlet::Inbox {
            let inbox = InboxText { title: words.subject, body: words.text };
            return Ok(Attempt { outcome: Outcome::Sent, inbox: Some(inbox), local: None });
        }
        let letter = Letter {
            id: message.id,
            kind: message.kind,
            recipient: addressee.recipient,
            name: addressee.name,
            subject: words.subject,
            text: words.text,
            html: words.html,
        };
        let handed = self.senders.send(message.outlet, &letter).await;
        let local = (handed == Handed::KeepLocally).then_some(letter);
        Ok(Attempt { outcome: handed.into(), inbox: None, local })
    }
}

fn out_of_reach() -> Attempt {
    Outcome::Retry("another service cannot be reached".to_owned()).into()
}

fn of_desk(address: &str) -> Addressee {
    Addressee { name: String::new(), recipient: address.to_owned(), locale: Locale::English, code: None }
}
