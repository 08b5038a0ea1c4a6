//! One event of each type that customers are told of.

use contracts::auth::{
    CodeChannel, CodePurpose, CodeRequested, EmailVerified, LoginSuspicious, MfaChanged, PasswordChanged, Suspicion,
    UserLocked,
};
use contracts::cart::{CartAbandoned, CartLine};
use contracts::order::{
    CancelReason, CreditNoteIssued, InvoiceIssued, OrderCancelled, OrderConfirmed, OrderCreated, OrderDelivered,
    OrderShipped, OrderedLine,
};
use contracts::payment::{
    PaymentFacts, PaymentFailed, PaymentLateAuthorized, PaymentMethod, RefundFacts, RefundFailed, RefundSucceeded,
};
use contracts::product::BackInStock;
use contracts::returns::{
    ReturnApproved, ReturnClosed, ReturnFacts, ReturnReceived, ReturnRefundDue, ReturnRejected, ReturnRequested,
    ReturnStatus,
};
use contracts::shipping::{
    Direction, ShipmentException, ShipmentFacts, ShipmentRto, ShipmentStatus, ShipmentStatusChanged,
};
use contracts::user::Address;
use types::{
    AttemptId, CartId, CodeReference, IntentId, InvoiceId, Money, OrderId, OrderLineId, ProductId, RefundId, ReturnId,
    ShipmentId, ShippingMethodId, Timestamp, UserId, VariantId,
};

pub const NUMBER: &str = "HT-1001";

pub fn noon() -> Timestamp {
    Timestamp::new("2026-12-05T06:30:00Z".parse().unwrap())
}

pub fn verified(user_id: UserId) -> EmailVerified {
    EmailVerified { user_id }
}

pub fn code(user_id: UserId, channel: CodeChannel) -> CodeRequested {
    CodeRequested { user_id, reference: CodeReference::new(), purpose: CodePurpose::LogIn, channel }
}

pub fn password_changed(user_id: UserId) -> PasswordChanged {
    PasswordChanged { user_id }
}

pub fn locked(user_id: UserId) -> UserLocked {
    UserLocked { user_id, until: noon() }
}

pub fn mfa_changed(user_id: UserId) -> MfaChanged {
    MfaChanged { user_id, enabled: true }
}

pub fn suspicious(user_id: UserId) -> LoginSuspicious {
    LoginSuspicious { user_id, reason: Suspicion::NewDevice }
}

pub fn created(customer_id: UserId, order_id: OrderId) -> OrderCreated {
    OrderCreated {
        order_id,
        order_number: NUMBER.into(),
        customer_id,
        total: Money::from_rupees(1499),
        payment_method: PaymentMethod::Upi,
        coupon_code: None,
        expires_at: noon(),
    }
}

pub fn confirmed(customer_id: UserId, order_id: OrderId) -> OrderConfirmed {
    OrderConfirmed {
        order_id,
        order_number: NUMBER.into(),
        customer_id,
        cart_id: None,
        lines: vec![OrderedLine {
            order_line_id: OrderLineId::new(),
            variant_id: VariantId::new(),
            sku: "KURTA-M".into(),
            title: "Cotton Kurta".into(),
            quantity: 2,
            total: Money::from_rupees(123_456),
        }],
        coupon_code: None,
        total: Money::from_rupees(123_456),
        payment_method: PaymentMethod::CashOnDelivery,
        cash_to_collect: Money::from_rupees(123_456),
        address: Address {
            name: "Asha Rao".into(),
            phone: crate::PHONE.into(),
            line1: "12-2-417, Street 4".into(),
            line2: String::new(),
            landmark: String::new(),
            city: "Hyderabad".into(),
            state: "36".parse().unwrap(),
            pin_code: "500081".parse().unwrap(),
        },
        shipping_method_id: ShippingMethodId::new(),
        weight_grams: 400,
        promised_to: "2026-12-08".parse().unwrap(),
    }
}

pub fn shipped(customer_id: UserId, order_id: OrderId) -> OrderShipped {
    let (carrier, tracking_number) = ("BlueDart".into(), "BD123".into());
    OrderShipped { order_id, order_number: NUMBER.into(), customer_id, carrier, tracking_number }
}

pub fn delivered(customer_id: UserId, order_id: OrderId) -> OrderDelivered {
    OrderDelivered { order_id, order_number: NUMBER.into(), customer_id, delivered_at: noon() }
}

pub fn cancelled(customer_id: UserId, order_id: OrderId) -> OrderCancelled {
    let (reason, total) = (CancelReason::OutOfStock, Money::from_rupees(1499));
    OrderCancelled { order_id, order_number: NUMBER.into(), customer_id, reason, total }
}

pub fn invoice(customer_id: UserId) -> InvoiceIssued {
    InvoiceIssued {
        invoice_id: InvoiceId::new(),
        invoice_number: "TS/26-27/000001".into(),
        order_id: OrderId::new(),
        order_number: NUMBER.into(),
        customer_id,
        total: Money::from_rupees(1499),
    }
}

pub fn credit_note(customer_id: UserId) -> CreditNoteIssued {
    CreditNoteIssued {
        credit_note_id: InvoiceId::new(),
        credit_note_number: "CN/26-27/000001".into(),
        invoice_number: "TS/26-27/000001".into(),
        order_id: OrderId::new(),
        order_number: NUMBER.into(),
        customer_id,
        return_id: None,
        total: Money::from_rupees(1499),
    }
}

fn payment(customer_id: UserId) -> PaymentFacts {
    PaymentFacts {
        intent_id: IntentId::new(),
        attempt_id: AttemptId::new(),
        order_id: OrderId::new(),
        customer_id,
        amount: Money::from_rupees(1499),
        method: PaymentMethod::Upi,
        at: noon(),
    }
}

pub fn payment_failed(customer_id: UserId) -> PaymentFailed {
    PaymentFailed { payment: payment(customer_id), reason: "The bank declined".into() }
}

pub fn late_payment(customer_id: UserId) -> PaymentLateAuthorized {
    PaymentLateAuthorized { payment: payment(customer_id) }
}

fn refund(customer_id: UserId) -> RefundFacts {
    RefundFacts {
        refund_id: RefundId::new(),
        intent_id: IntentId::new(),
        order_id: OrderId::new(),
        customer_id,
        return_id: None,
        amount: Money::from_rupees(1499),
        refunded_total: Money::from_rupees(1499),
    }
}

pub fn refunded(customer_id: UserId) -> RefundSucceeded {
    RefundSucceeded { refund: refund(customer_id) }
}

pub fn refund_failed(customer_id: UserId) -> RefundFailed {
    RefundFailed { refund: refund(customer_id), reason: "account closed".into() }
}

fn goods_back(customer_id: UserId, status: ReturnStatus) -> ReturnFacts {
    ReturnFacts {
        return_id: ReturnId::new(),
        order_id: OrderId::new(),
        order_number: NUMBER.into(),
        customer_id,
        status,
        lines: vec![],
    }
}

pub fn return_requested(customer: UserId) -> ReturnRequested {
    ReturnRequested { facts: goods_back(customer, ReturnStatus::Requested) }
}

pub fn return_approved(customer: UserId) -> ReturnApproved {
    ReturnApproved { facts: goods_back(customer, ReturnStatus::Approved), tracking_number: "BD124".into() }
}

pub fn return_rejected(customer: UserId) -> ReturnRejected {
    ReturnRejected { facts: goods_back(customer, ReturnStatus::Rejected), reason: "It was worn.".into() }
}

pub fn return_received(customer: UserId) -> ReturnReceived {
    ReturnReceived { facts: goods_back(customer, ReturnStatus::Received) }
}

pub fn refund_due(customer: UserId) -> ReturnRefundDue {
    ReturnRefundDue { facts: goods_back(customer, ReturnStatus::RefundDue), amount: Money::from_rupees(1499) }
}

pub fn return_closed(customer: UserId) -> ReturnClosed {
    ReturnClosed { facts: goods_back(customer, ReturnStatus::Closed) }
}

fn shipment(customer_id: UserId, status: ShipmentStatus) -> ShipmentFacts {
    ShipmentFacts {
        shipment_id: ShipmentId::new(),
        order_id: OrderId::new(),
        return_id: None,
        customer_id,
        direction: Direction::Outbound,
        carrier: "BlueDart".into(),
        tracking_number: "BD123".into(),
        status,
        at: noon(),
    }
}

pub fn status_changed(customer: UserId, status: ShipmentStatus) -> ShipmentStatusChanged {
    ShipmentStatusChanged { shipment: shipment(customer, status) }
}

pub fn exception(customer: UserId) -> ShipmentException {
    ShipmentException { shipment: shipment(customer, ShipmentStatus::Exception), reason: "Nobody was at home".into() }
}

pub fn came_back(customer: UserId) -> ShipmentRto {
    ShipmentRto { shipment: shipment(customer, ShipmentStatus::Returned), reason: "refused".into() }
}

pub fn back_in_stock(subscribers: Vec<UserId>) -> BackInStock {
    BackInStock {
        variant_id: VariantId::new(),
        product_id: ProductId::new(),
        title: "Cotton <Kurta>".into(),
        subscribers,
    }
}

pub fn cart_abandoned(customer_id: UserId) -> CartAbandoned {
    let lines = vec![CartLine { variant_id: VariantId::new(), quantity: 2 }];
    CartAbandoned { cart_id: CartId::new(), customer_id, lines }
}
