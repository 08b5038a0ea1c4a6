//! Messages to customers and to staff.

use serde::{Deserialize, Serialize};
use types::{NotificationId, Timestamp, text_enum};
use utoipa::ToSchema;
use uuid::Uuid;

text_enum! {
    /// What a message is about; each has its template.
    pub enum NotificationKind {
        Welcome = "welcome",
        VerificationCode = "verification_code",
        PasswordChanged = "password_changed",
        AccountLocked = "account_locked",
        MfaChanged = "mfa_changed",
        SuspiciousLogin = "suspicious_login",
        OrderAwaitingPayment = "order_awaiting_payment",
        OrderConfirmed = "order_confirmed",
        OrderShipped = "order_shipped",
        OutForDelivery = "out_for_delivery",
        OrderDelivered = "order_delivered",
        OrderCancelled = "order_cancelled",
        InvoiceIssued = "invoice_issued",
        CreditNoteIssued = "credit_note_issued",
        PaymentFailed = "payment_failed",
        LatePaymentReturned = "late_payment_returned",
        RefundSucceeded = "refund_succeeded",
        RefundFailed = "refund_failed",
        ReturnRequested = "return_requested",
        ReturnApproved = "return_approved",
        ReturnRejected = "return_rejected",
        ReturnReceived = "return_received",
        RefundDue = "refund_due",
        ReturnClosed = "return_closed",
        DeliveryException = "delivery_exception",
        ReturnedToSender = "returned_to_sender",
        BackInStock = "back_in_stock",
        CartAbandoned = "cart_abandoned",
        /// To the stock keepers.
        StockLow = "stock_low",
        /// To the editors of the catalogue.
        ReviewSubmitted = "review_submitted",
    }
}

text_enum! {
    /// Where a message goes.
    pub enum Outlet {
        /// The customer's inbox in the shop.
        Inbox = "inbox",
        Email = "email",
        Sms = "sms",
        Push = "push",
    }
}

text_enum! {
    pub enum NotificationStatus {
        /// To be sent, now or at the end of the quiet hours or of a pause after a failure.
        Queued = "queued",
        Sent = "sent",
        /// Not to be sent after all: muted, stale, or no consent.
        Skipped = "skipped",
        /// Given up.
        Failed = "failed",
    }
}

/// A message in a customer's inbox.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Notification {
    pub id: NotificationId,
    pub kind: NotificationKind,
    #[schema(example = "Order HT-1001 is on its way")]
    pub title: String,
    pub text: String,
    /// The order, return or cart that it is about.
    pub about: Option<Uuid>,
    pub created_at: Timestamp,
    /// Absent until it was read.
    pub read_at: Option<Timestamp>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct UnreadCount {
    pub unread: i64,
}

/// What staff see of a message: whether it was sent and what came of each try, not what it says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DeliveryRecord {
    pub id: NotificationId,
    pub kind: NotificationKind,
    pub outlet: Outlet,
    pub status: NotificationStatus,
    pub about: Option<Uuid>,
    pub created_at: Timestamp,
    /// When it is tried (again); absent once it is finished.
    pub next_attempt_at: Option<Timestamp>,
    pub finished_at: Option<Timestamp>,
    /// The tries, the oldest first.
    pub attempts: Vec<DeliveryAttempt>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DeliveryAttempt {
    pub at: Timestamp,
    pub outcome: AttemptOutcome,
    pub reason: String,
}

text_enum! {
    pub enum AttemptOutcome {
        Sent = "sent",
        /// It waits for the end of the quiet hours.
        Postponed = "postponed",
        Skipped = "skipped",
        /// It failed and is tried again.
        Retry = "retry",
        Failed = "failed",
    }
}

/// A message that was kept on a developer's machine instead of being sent.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LocalMessage {
    pub id: NotificationId,
    pub kind: NotificationKind,
    pub outlet: Outlet,
    /// An e-mail address, a telephone number (E.164), or a user's id.
    pub recipient: String,
    pub subject: String,
    pub text: String,
    pub html: Option<String>,
    pub created_at: Timestamp,
}

#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LocalOutbox {
    /// The newest first, at most 100.
    pub messages: Vec<LocalMessage>,
}
