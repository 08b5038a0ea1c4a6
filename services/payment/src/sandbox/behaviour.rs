//! What the sandbox does on which input. Pure, so that the table in the README can be read here.

use std::time::Duration;

use contracts::payment::{NewPaymentAttempt, PaymentActionType};
use garde::Validate;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::domain::Reported;

/// How long a bank takes that takes no time.
const SOON: Duration = Duration::from_millis(50);
const DELAYED: Duration = Duration::from_secs(5);

/// How the sandbox treats a new payment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// The creation is done, and its answer never arrives.
    pub answer_is_lost: bool,
    pub action: PaymentActionType,
    /// What the bank decides; without it, somebody has to press a button.
    pub decision: Option<Decision>,
}

/// What becomes of a payment, when, and who hears of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    pub status: Reported,
    pub when: When,
    /// In the order in which they are sent.
    pub webhooks: Vec<Reported>,
    /// How often each is sent.
    pub copies: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    After(Duration),
    /// When the merchant's window for paying has just closed.
    TooLate,
}

/// How a decision misbehaves.
#[derive(Clone, Debug, Default, Deserialize, Serialize, ToSchema, Validate)]
#[serde(default, deny_unknown_fields)]
pub struct Misbehaviour {
    /// Milliseconds until the decision.
    #[garde(range(max = 3_600_000))]
    #[schema(maximum = 3_600_000)]
    pub delay_ms: u64,
    /// How often each webhook is sent, instead of once.
    #[garde(range(max = 20))]
    #[schema(maximum = 20)]
    pub duplicate: u32,
    /// Send `captured` before `authorized`.
    #[garde(skip)]
    pub reorder: bool,
    /// Send no webhook: only asking tells.
    #[garde(skip)]
    pub drop_webhook: bool,
    /// Decide when the order's time to pay has just passed.
    #[garde(skip)]
    pub late: bool,
}

impl Decision {
    pub fn new(status: Reported, after: Duration) -> Self {
        Decision { status, when: When::After(after), webhooks: vec![status], copies: 1 }
    }

    pub fn with(status: Reported, misbehaviour: &Misbehaviour) -> Self {
        let webhooks = match (misbehaviour.drop_webhook, misbehaviour.reorder && status == Reported::Captured) {
            (true, _) => Vec::new(),
            (false, true) => vec![Reported::Captured, Reported::Authorized],
            (false, false) => vec![status],
        };
        let after = Duration::from_millis(misbehaviour.delay_ms);
        Decision {
            status,
            when: if misbehaviour.late { When::TooLate } else { When::After(after) },
            webhooks,
            copies: misbehaviour.duplicate.max(1),
        }
    }
}

impl Plan {
    /// # Errors
    /// Why the sandbox refuses to open the payment, in words for the customer.
    pub fn of(instrument: &NewPaymentAttempt) -> Result<Self, &'static str> {
        let waits = |action| Plan { answer_is_lost: false, action, decision: None };
        let decides = |decision| Plan { decision: Some(decision), ..waits(PaymentActionType::UpiCollect) };
        let success = Decision::new(Reported::Captured, SOON);
        Ok(match instrument {
            NewPaymentAttempt::Upi { vpa } => match vpa.strip_suffix("@sandbox") {
                Some("success") => decides(success),
                Some("decline") => decides(Decision::new(Reported::Failed, SOON)),
                Some("delay") => decides(Decision::new(Reported::Captured, DELAYED)),
                Some("duplicate") => decides(Decision { copies: 3, ..success }),
                Some("reorder") => {
                    decides(Decision { webhooks: vec![Reported::Captured, Reported::Authorized], ..success })
                }
                Some("silent") => decides(Decision { webhooks: Vec::new(), ..success }),
                Some("late") => decides(Decision { when: When::TooLate, ..success }),
                Some("lost") => Plan { answer_is_lost: true, ..decides(success) },
                _ => waits(PaymentActionType::UpiCollect),
            },
            NewPaymentAttempt::Card { token, .. } => match token.as_str() {
                "tok_success" => Plan {
                    action: PaymentActionType::None,
                    ..decides(Decision { webhooks: vec![Reported::Authorized, Reported::Captured], ..success })
                },
                "tok_authorize" => {
                    Plan { action: PaymentActionType::None, ..decides(Decision::new(Reported::Authorized, SOON)) }
                }
                "tok_decline" => Plan {
                    action: PaymentActionType::None,
                    ..decides(Decision { webhooks: Vec::new(), ..Decision::new(Reported::Failed, Duration::ZERO) })
                },
                "tok_3ds" => waits(PaymentActionType::Redirect),
                _ => return Err("The card is not known to the bank"),
            },
            NewPaymentAttempt::NetBanking { .. } => waits(PaymentActionType::Redirect),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn upi(vpa: &str) -> Plan {
        Plan::of(&NewPaymentAttempt::Upi { vpa: vpa.to_owned() }).unwrap()
    }

    #[test]
    fn a_customer_without_magic_has_to_press_a_button() {
        assert_eq!(upi("asha@okbank").decision, None);
        assert_eq!(upi("pending@sandbox").decision, None);
    }

    #[test]
    fn a_lost_answer_does_not_lose_the_payment() {
        let plan = upi("lost@sandbox");
        assert!(plan.answer_is_lost);
        assert_eq!(plan.decision.unwrap().status, Reported::Captured);
    }

    #[test]
    fn a_silent_bank_sends_nothing() {
        assert_eq!(upi("silent@sandbox").decision.unwrap().webhooks, []);
        let silent = Misbehaviour { drop_webhook: true, reorder: true, ..Misbehaviour::default() };
        assert_eq!(Decision::with(Reported::Captured, &silent).webhooks, []);
    }
}
