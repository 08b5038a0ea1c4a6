//! What is true of every message of a kind.

use std::time::Duration;

use contracts::notification::NotificationKind as Kind;
use contracts::notification::Outlet;

/// What the customer's preferences can do to a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Urgency {
    /// The account's safety: at any hour, on any channel.
    Urgent,
    /// Money, or how an order ends: on any channel, after the quiet hours.
    Required,
    /// Not on muted channels, and after the quiet hours.
    Useful,
    /// The same, and only with consent to marketing.
    Marketing,
}

#[derive(Clone, Copy, Debug)]
pub struct Rule {
    pub urgency: Urgency,
    pub outlets: &'static [Outlet],
    /// Kinds of message that make this one stale if they are about the same thing. Queues keep no order, and a message may
    /// have waited: "on its way" must not follow "delivered".
    pub superseded_by: &'static [Kind],
    /// How long to wait before it is told, since it may become needless.
    pub delay: Duration,
    /// May it go to an e-mail address that nobody has verified? Anybody can type in a stranger's: it gets what verifies it, and what
    /// follows from that.
    pub to_unverified: bool,
}

/// Where staff sit who are told of something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Desk {
    /// The stock keepers.
    Stock,
    /// The editors of the catalogue, who moderate reviews.
    Catalogue,
}

/// The desk that messages of a kind go to; `None` if they go to customers.
pub fn desk(kind: Kind) -> Option<Desk> {
    match kind {
        Kind::StockLow => Some(Desk::Stock),
        Kind::ReviewSubmitted => Some(Desk::Catalogue),
        _ => None,
    }
}

pub fn rule(kind: Kind) -> Rule {
    use Outlet::{Email, Inbox, Push, Sms};
    use Urgency::{Marketing, Required, Urgent, Useful};
    let (urgency, outlets, superseded_by): (_, &[Outlet], &[Kind]) = match kind {
        Kind::Welcome => (Useful, &[Inbox, Email], &[]),
        // By e-mail or SMS, as the code itself says: `Message::outlets`.
        Kind::VerificationCode => (Urgent, &[Inbox, Email, Sms], &[]),
        Kind::PasswordChanged | Kind::MfaChanged => (Urgent, &[Inbox, Email], &[]),
        Kind::AccountLocked | Kind::SuspiciousLogin => (Urgent, &[Inbox, Email, Sms], &[]),
        Kind::OrderAwaitingPayment => (
            Useful,
            &[Inbox, Email, Push],
            &[Kind::OrderConfirmed, Kind::OrderShipped, Kind::OrderDelivered, Kind::OrderCancelled],
        ),
        Kind::PaymentFailed => (
            Useful,
            &[Inbox, Email, Push],
            &[Kind::OrderConfirmed, Kind::OrderShipped, Kind::OrderDelivered, Kind::OrderCancelled],
        ),
        Kind::OrderConfirmed => {
            (Required, &[Inbox, Email, Sms], &[Kind::OrderShipped, Kind::OrderDelivered, Kind::OrderCancelled])
        }
        Kind::OrderShipped => {
            (Useful, &[Inbox, Email, Sms, Push], &[Kind::OutForDelivery, Kind::OrderDelivered, Kind::ReturnedToSender])
        }
        Kind::OutForDelivery => (Useful, &[Inbox, Sms, Push], &[Kind::OrderDelivered, Kind::ReturnedToSender]),
        Kind::DeliveryException => (Useful, &[Inbox, Email, Push], &[Kind::OrderDelivered, Kind::ReturnedToSender]),
        Kind::OrderDelivered => (Useful, &[Inbox, Email, Push], &[]),
        Kind::OrderCancelled => (Required, &[Inbox, Email, Sms], &[]),
        Kind::ReturnedToSender => (Required, &[Inbox, Email], &[]),
        Kind::InvoiceIssued | Kind::CreditNoteIssued => (Required, &[Inbox, Email], &[]),
        Kind::LatePaymentReturned | Kind::RefundFailed => (Required, &[Inbox, Email], &[]),
        Kind::RefundSucceeded => (Required, &[Inbox, Email, Sms], &[]),
        Kind::ReturnRequested => (
            Useful,
            &[Inbox, Email],
            &[Kind::ReturnApproved, Kind::ReturnRejected, Kind::ReturnReceived, Kind::ReturnClosed],
        ),
        Kind::ReturnApproved => (Useful, &[Inbox, Email], &[Kind::ReturnReceived, Kind::ReturnClosed]),
        Kind::ReturnReceived => {
            (Useful, &[Inbox, Email], &[Kind::RefundDue, Kind::RefundSucceeded, Kind::ReturnClosed])
        }
        Kind::RefundDue => (Useful, &[Inbox, Email], &[Kind::RefundSucceeded, Kind::ReturnClosed]),
        Kind::ReturnRejected => (Required, &[Inbox, Email], &[]),
        Kind::ReturnClosed => (Useful, &[Inbox], &[]),
        Kind::BackInStock => (Useful, &[Inbox, Email, Push], &[]),
        Kind::CartAbandoned => (Marketing, &[Inbox, Email, Push], &[]),
        // To staff, who have no preferences and no inbox in the shop.
        Kind::StockLow | Kind::ReviewSubmitted => (Required, &[Email], &[]),
    };
    let delay = match kind {
        // Most pay at once: they need no reminder.
        Kind::OrderAwaitingPayment => Duration::from_secs(5 * 60),
        _ => Duration::ZERO,
    };
    let to_unverified = matches!(kind, Kind::VerificationCode | Kind::Welcome);
    Rule { urgency, outlets, superseded_by, delay, to_unverified }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_message_to_a_customer_lands_in_the_inbox_and_once_on_each_outlet() {
        for kind in Kind::ALL {
            let outlets = rule(*kind).outlets;
            assert_eq!(outlets.contains(&Outlet::Inbox), desk(*kind).is_none(), "{kind}");
            assert!(outlets.is_sorted() && outlets.windows(2).all(|pair| pair[0] != pair[1]), "{kind}");
        }
    }

    #[test]
    fn nothing_supersedes_what_supersedes_it() {
        fn later(kind: Kind) -> Vec<Kind> {
            rule(kind).superseded_by.iter().flat_map(|next| [vec![*next], later(*next)].concat()).collect()
        }
        for kind in Kind::ALL {
            assert!(!later(*kind).contains(kind), "{kind}");
        }
    }
}
