//! The money of one order: what came, what is held for refunds, what went back.

use contracts::payment::{AttemptStatus, IntentStatus};
use types::{AttemptId, Money, RefundId, ReturnId, UserId};

use super::attempt::{Reported, advance};

/// The money side of an intent. Always: `refunded + refunding <= captured`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ledger {
    pub status: IntentStatus,
    pub amount: Money,
    pub captured: Money,
    /// The part of `captured` that the carrier took at the door.
    pub cash: Money,
    pub refunding: Money,
    pub refunded: Money,
}

/// The money side of an attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempt {
    pub id: AttemptId,
    pub status: AttemptStatus,
    pub amount: Money,
    /// What of it went back or is on its way back.
    pub held: Money,
}

impl Attempt {
    /// What can still be refunded of it if it succeeded.
    fn left(&self) -> Money {
        self.amount - self.held
    }
}

/// What a refund is for. The same cause never makes two refunds: its text is unique.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cause {
    /// The order was cancelled after this was paid; `None`: after its cash was.
    Cancelled(Option<AttemptId>),
    /// The money came after the order was cancelled; `None`: at the door.
    Late(Option<AttemptId>),
    /// The order was paid already.
    Duplicate(AttemptId),
    Return(ReturnId),
    /// A member of staff asked for it, under this refund's own id.
    Staff {
        by: UserId,
        refund: RefundId,
    },
}

impl std::fmt::Display for Cause {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Cause::Cancelled(Some(attempt)) => write!(f, "cancelled:{attempt}"),
            Cause::Cancelled(None) => f.write_str("cancelled:cash"),
            Cause::Late(Some(attempt)) => write!(f, "late:{attempt}"),
            Cause::Late(None) => f.write_str("late:cash"),
            Cause::Duplicate(attempt) => write!(f, "duplicate:{attempt}"),
            Cause::Return(id) => write!(f, "return:{id}"),
            Cause::Staff { refund, .. } => write!(f, "staff:{refund}"),
        }
    }
}

impl Cause {
    /// In words for the customer, unless staff said it better.
    pub fn words(&self) -> &'static str {
        match self {
            Cause::Cancelled(_) => "The order was cancelled",
            Cause::Late(_) => "The payment came after the order was cancelled",
            Cause::Duplicate(_) => "The order was paid twice",
            Cause::Return(_) => "Goods were returned",
            Cause::Staff { .. } => "Refunded by our staff",
        }
    }
}

/// What follows from a change: an event to publish, or money to send back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Consequence {
    Authorized,
    Succeeded,
    Failed,
    /// Money came for a cancelled order.
    LateAuthorized,
    CashCollected,
    Refund {
        attempt: Option<AttemptId>,
        amount: Money,
        cause: Cause,
    },
}

/// A refund above what is left of the captured money.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotEnough {
    pub left: Money,
}

/// What went back of a price of `amount`: what was paid beyond it goes back as well, and first, and the order knows nothing of it.
pub fn refunded_of_order(amount: Money, captured: Money, refunded: Money) -> Money {
    let beyond = (captured - amount).max(Money::ZERO);
    (refunded - beyond).max(Money::ZERO)
}

impl Ledger {
    /// What can still be refunded.
    pub fn refundable(&self) -> Money {
        self.captured - self.refunded - self.refunding
    }

    /// What went back of the order's price.
    pub fn refunded_of_order(&self) -> Money {
        refunded_of_order(self.amount, self.captured, self.refunded)
    }

    /// A provider says something of an attempt. Nothing follows from what was known already.
    pub fn reported(&mut self, attempt: &mut Attempt, reported: Reported) -> Vec<Consequence> {
        let Some(to) = advance(attempt.status, reported) else { return Vec::new() };
        attempt.status = to;
        match to {
            AttemptStatus::Succeeded => self.captured_by(attempt),
            AttemptStatus::Failed => vec![Consequence::Failed],
            AttemptStatus::Authorized if self.status == IntentStatus::Open => vec![Consequence::Authorized],
            _ => Vec::new(),
        }
    }

    /// Money came: it pays the order if it still waits for it, and goes back otherwise.
    fn captured_by(&mut self, attempt: &mut Attempt) -> Vec<Consequence> {
        self.captured += attempt.amount;
        match self.status {
            IntentStatus::Open => {
                self.status = IntentStatus::Paid;
                vec![Consequence::Succeeded]
            }
            IntentStatus::Cancelled => {
                let refund = self.give_back(attempt, Cause::Late(Some(attempt.id)));
                [Consequence::LateAuthorized].into_iter().chain(refund).collect()
            }
            IntentStatus::Paid | IntentStatus::CashDue => {
                self.give_back(attempt, Cause::Duplicate(attempt.id)).into_iter().collect()
            }
        }
    }

    /// The carrier was paid at the door.
    pub fn cash_collected(&mut self, amount: Money) -> Vec<Consequence> {
        if self.cash.is_positive() || !amount.is_positive() {
            return Vec::new();
        }
        self.cash = amount;
        self.captured += amount;
        match self.status {
            IntentStatus::Cancelled => {
                self.refunding += amount;
                vec![
                    Consequence::CashCollected,
                    Consequence::Refund { attempt: None, amount, cause: Cause::Late(None) },
                ]
            }
            IntentStatus::Open | IntentStatus::CashDue | IntentStatus::Paid => {
                self.status = IntentStatus::Paid;
                vec![Consequence::CashCollected]
            }
        }
    }

    /// The order was cancelled: whatever came and did not go back goes back.
    pub fn cancelled(&mut self, attempts: &mut [Attempt]) -> Vec<Consequence> {
        if self.status == IntentStatus::Cancelled {
            return Vec::new();
        }
        self.status = IntentStatus::Cancelled;
        let paid = attempts.iter_mut().filter(|a| a.status == AttemptStatus::Succeeded);
        let mut refunds: Vec<Consequence> =
            paid.filter_map(|a| self.give_back(a, Cause::Cancelled(Some(a.id)))).collect();
        // What is left now that nothing of the attempts is.
        let cash = self.refundable();
        if cash.is_positive() {
            self.refunding += cash;
            refunds.push(Consequence::Refund { attempt: None, amount: cash, cause: Cause::Cancelled(None) });
        }
        refunds
    }

    /// Holds money for a refund, and tells the payment to which it goes back: `to`, or the one that has most left of it; none if
    /// it is paid out, as the order was paid in cash.
    ///
    /// # Errors
    /// Less than `amount` is left; nothing is held then.
    pub fn hold(
        &mut self,
        attempts: &mut [Attempt],
        to: Option<AttemptId>,
        amount: Money,
    ) -> Result<Option<AttemptId>, NotEnough> {
        let paid = attempts.iter_mut().filter(|a| a.status == AttemptStatus::Succeeded).collect::<Vec<_>>();
        // What is left and is not of an attempt is of the cash.
        let cash = self.refundable() - paid.iter().map(|a| a.left()).sum();
        let fits = |a: &&mut Attempt| to.map_or(a.left() > cash, |id| a.id == id);
        let best = paid.into_iter().filter(fits).max_by_key(|a| a.left());
        let most = best.as_ref().map_or(cash, |a| a.left());
        if amount > most {
            return Err(NotEnough { left: most });
        }
        let attempt = best.map(|attempt| {
            attempt.held += amount;
            attempt.id
        });
        self.refunding += amount;
        Ok(attempt)
    }

    /// A refund that was held for has ended.
    pub fn refund_ended(&mut self, attempt: Option<&mut Attempt>, amount: Money, succeeded: bool) {
        self.refunding -= amount;
        if succeeded {
            self.refunded += amount;
        } else if let Some(attempt) = attempt {
            attempt.held -= amount;
        }
    }

    fn give_back(&mut self, attempt: &mut Attempt, cause: Cause) -> Option<Consequence> {
        let amount = attempt.left();
        if !amount.is_positive() {
            return None;
        }
        attempt.held += amount;
        self.refunding += amount;
        Some(Consequence::Refund { attempt: Some(attempt.id), amount, cause })
    }
}
