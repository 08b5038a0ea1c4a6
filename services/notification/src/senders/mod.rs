//! The ways out: mail by SMTP, SMS and push by an HTTP provider, and on a developer's machine a table in place of both.

mod http;
mod smtp;

use contracts::notification::{NotificationKind, Outlet};
use platform::env::Env;
use platform::service::{AppEnv, BootError};
use types::NotificationId;

use crate::domain::Outcome;

/// A message in words, with where to send it.
#[derive(Clone)]
pub struct Letter {
    /// The message's: the same with every try, so that a receiver can tell a repetition.
    pub id: NotificationId,
    pub kind: NotificationKind,
    pub recipient: String,
    /// The recipient's name; empty if it is not known.
    pub name: String,
    pub subject: String,
    pub text: String,
    pub html: Option<String>,
}

/// What came of handing a letter over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Handed {
    Sent,
    /// It is to be kept in the local outbox.
    KeepLocally,
    /// Another try may succeed.
    NotNow(String),
    /// No other try will.
    Refused(String),
}

impl From<Handed> for Outcome {
    fn from(handed: Handed) -> Self {
        match handed {
            Handed::Sent | Handed::KeepLocally => Outcome::Sent,
            Handed::NotNow(reason) => Outcome::Retry(reason),
            Handed::Refused(reason) => Outcome::Failed(reason),
        }
    }
}

pub struct Senders {
    mail: Mail,
    phone: Phone,
}

enum Mail {
    Smtp(Box<smtp::Mailer>),
    Local,
}

enum Phone {
    Http(http::Provider),
    Local,
    None,
}

impl Senders {
    /// `NOTIFICATION_SMTP_URL` (`smtps://user:password@host`), `NOTIFICATION_FROM`; `NOTIFICATION_SMS_URL`, `NOTIFICATION_SMS_TOKEN`.
    ///
    /// # Errors
    /// A setting that cannot be right, or no mail server where customers are real.
    pub fn from_env(env: &Env, app_env: AppEnv) -> Result<Self, BootError> {
        let is_local = app_env == AppEnv::Local;
        let from = env.value("NOTIFICATION_FROM", "Haat <no-reply@haat.example>".to_owned())?;
        let mail = match env.text("NOTIFICATION_SMTP_URL") {
            Some(url) => Mail::Smtp(Box::new(smtp::Mailer::new(&url, &from).map_err(BootError::Other)?)),
            None if is_local => Mail::Local,
            None => {
                let expected = "NOTIFICATION_SMTP_URL is not set; smtps://user:password@host is expected";
                return Err(BootError::Other(expected.to_owned()));
            }
        };
        let token = env.text("NOTIFICATION_SMS_TOKEN");
        let phone = match env.text("NOTIFICATION_SMS_URL") {
            Some(url) => Phone::Http(http::Provider::new(url, token).map_err(BootError::Other)?),
            None if is_local => Phone::Local,
            None => {
                tracing::warn!("NOTIFICATION_SMS_URL is not set: SMS and push messages cannot be sent");
                Phone::None
            }
        };
        Ok(Senders { mail, phone })
    }

    /// Sends a letter. The inbox needs no sender.
    pub async fn send(&self, outlet: Outlet, letter: &Letter) -> Handed {
        match (outlet, &self.mail, &self.phone) {
            (Outlet::Inbox, ..) => Handed::Sent,
            (Outlet::Email, Mail::Smtp(mailer), _) => mailer.send(letter).await,
            (Outlet::Sms | Outlet::Push, _, Phone::Http(provider)) => provider.send(outlet, letter).await,
            (Outlet::Sms | Outlet::Push, _, Phone::None) => Handed::Refused("no provider is configured".to_owned()),
            (Outlet::Email, Mail::Local, _) | (Outlet::Sms | Outlet::Push, _, Phone::Local) => Handed::KeepLocally,
        }
    }
}
