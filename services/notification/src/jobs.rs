//! Sending what is due, and forgetting what is old.

use std::time::Duration;

use contracts::auth::{RevealCode, RevealedCode};
use contracts::notification::{NotificationKind, Outlet};
use contracts::user::{Contact, FoundContact, GetContact, Locale};
use futures::StreamExt;
use platform::Result;
use platform::scope::Scope;
use platform::service::Progress;

use crate::Notifications;
use crate::domain::{Decision, Outcome, decide, desk, rule, settle};
use crate::senders::{Handed, Letter};
use crate::store::{self, Claimed, InboxText};
use crate::templates::Subject;

pub const DELIVER: &str = "deliver";

/// Messages taken at once, and sent side by side.
const BATCH: usize = 32;
const SIDE_BY_SIDE: usize = 8;
/// How long one message may take, and how long a batch is kept from other workers: longer than all of it can take.
const TIME_TO_SEND: Duration = Duration::from_secs(20);
const LEASE: Duration = Duration::from_secs(120);
/// How long messages and their tries are kept.
const KEPT: Duration = Duration::from_secs(180 * 24 * 60 * 60);
const FORGOTTEN_AT_ONCE: i64 = 2000;

/// Sends a batch of what is due. Nothing in the database is held meanwhile: a message is taken for the time of a lease.
pub async fn deliver(app: Notifications) -> Result<Progress> {
    let now = app.context.now();
    let limit = i64::try_from(BATCH).unwrap_or(i64::MAX);
    let batch = store::claim(&mut *app.db.primary().await?, now, now.plus(LEASE), limit).await?;
    let full = batch.len() == BATCH;
    let settled: Vec<Result<()>> =
        futures::stream::iter(batch).map(|message| app.deliver(message)).buffer_unordered(SIDE_BY_SIDE).collect().await;
    settled.into_iter().collect::<Result<()>>()?;
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

impl Notifications {
    async fn deliver(&self, message: Claimed) -> Result<()> {
        let attempt = match tokio::time::timeout(TIME_TO_SEND, Scope::root().run(self.attempt(&message))).await {
            Ok(Ok(attempt)) => attempt,
            Ok(Err(_)) => Outcome::Retry("another service cannot be reached".to_owned()).into(),
            Err(_) => Outcome::Retry("it took too long".to_owned()).into(),
        };
        let now = self.context.now();
        let settled = settle(attempt.outcome, message.attempts, now);
        let mut tx = self.db.begin().await?;
        if store::settle(&mut tx, &message, &settled, attempt.inbox.as_ref(), now).await? {
            if let Some(letter) = &attempt.local {
                store::keep_local(&mut tx, &message, letter, now).await?;
            }
        } else {
            tracing::info!(notification = %message.id, "a message was taken by another worker or forgotten meanwhile");
        }
        let _committed = tx.commit().await?;
        tracing::debug!(notification = %message.id, kind = %message.kind, outlet = %message.outlet, outcome = %settled.outcome, "tried");
        Ok(())
    }

    async fn attempt(&self, message: &Claimed) -> Result<Attempt> {
        if let Some(desk) = desk(message.kind) {
            return match self.desks.address(desk) {
                Some(address) => self.send(message, of_desk(address)).await,
                None => Ok(Outcome::Skipped("the desk has no address any more").into()),
            };
        }
        let Some(user_id) = message.user_id else { return Ok(Outcome::Failed("it is to nobody".to_owned()).into()) };
        let rule = rule(message.kind);
        if let Some(about) = message.about {
            let mut connection = self.db.primary().await?;
            if store::is_superseded(&mut connection, user_id, about, rule.superseded_by).await? {
                return Ok(Outcome::Skipped("stale").into());
            }
        }
        let contact = self.context.client().call(&GetContact { user_id }).await?;
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
                match addressee(message.outlet, contact) {
                    Some(addressee) => addressee,
                    None => return Ok(Outcome::Skipped("no telephone number").into()),
                }
            }
        };
        self.send(message, addressee).await
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

fn of_desk(address: &str) -> Addressee {
    Addressee { name: String::new(), recipient: address.to_owned(), locale: Locale::English, code: None }
}

/// `None` if the customer has no telephone.
fn addressee(outlet: Outlet, contact: Contact) -> Option<Addressee> {
    let recipient = match outlet {
        Outlet::Inbox => String::new(),
        Outlet::Email => contact.email,
        Outlet::Sms => contact.phone?,
        Outlet::Push => contact.user_id.to_string(),
    };
    Some(Addressee {
        name: contact.name,
        recipient,
        locale: contact.locale.parse().unwrap_or(Locale::English),
        code: None,
    })
}
