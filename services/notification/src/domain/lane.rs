//! Which messages wait for which.

use contracts::notification::{NotificationKind, Outlet};
use types::text_enum;

use super::{Urgency, rule};

text_enum! {
    /// Messages of one lane go out in turn, and no lane waits for another: a code must not wait behind a thousand advertisements, nor
    /// an SMS for a mail server that does not answer.
    pub enum Lane {
        UrgentMail = "urgent_mail",
        Urgent = "urgent",
        Mail = "mail",
        Other = "other",
    }
}

impl Lane {
    pub fn of(kind: NotificationKind, outlet: Outlet) -> Self {
        match (rule(kind).urgency, outlet) {
            (Urgency::Urgent, Outlet::Email) => Lane::UrgentMail,
            (Urgency::Urgent, _) => Lane::Urgent,
            (_, Outlet::Email) => Lane::Mail,
            _ => Lane::Other,
        }
    }

    /// The name of the job that sends its messages.
    pub const fn job(self) -> &'static str {
        match self {
            Lane::UrgentMail => "deliver-urgent-mail",
            Lane::Urgent => "deliver-urgent",
            Lane::Mail => "deliver-mail",
            Lane::Other => "deliver-other",
        }
    }
}
