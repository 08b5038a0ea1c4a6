use types::{ShipmentId, UserId};

use super::*;

/// A paid order with a coupon and a parcel, all in order.
fn books() -> Books {
    let order_id = OrderId::new();
    let total = Money::from_rupees(500);
    Books {
        orders: vec![OrderFacts {
            order_id,
            customer_id: UserId::new(),
            status: OrderStatus::Confirmed,
            cancel_reason: None,
            total,
            coupon_code: Some("ONCE".into()),
            payment_method: PaymentMethod::Upi,
            is_paid: true,
            refunded: Money::ZERO,
            pieces: 1,
        }],
        payments: vec![PaymentFact {
            order_id,
            amount: total,
            captured: total,
            refunded: Money::ZERO,
            status: IntentStatus::Paid,
        }],
        stock: vec![StockFact { order_id, state: "committed".into(), pieces: 1 }],
        coupons: vec![CouponFact { order_id, code: "ONCE".into(), state: "redeemed".into() }],
        shipments: vec![ShipmentFact {
            order_id,
            shipment_id: ShipmentId::new(),
            status: ShipmentStatus::Created,
            cash_to_collect: Money::ZERO,
        }],
        returns: Vec::new(),
        refunds: Vec::new(),
    }
}

fn finds(what: &str, plant: impl FnOnce(&mut Books)) {
    let mut books = books();
    plant(&mut books);
    let found = books.differences();
    assert!(found.len() == 1 && found[0].contains(what), "{what}: {found:?}");
}

#[test]
fn finds_nothing_where_all_is_well() {
    assert!(books().differences().is_empty());
}

#[test]
fn a_second_payment_that_went_back_is_no_difference_and_one_that_did_not_is() {
    let mut books = books();
    books.payments[0].captured = Money::from_rupees(1_000);
    books.payments[0].refunded = Money::from_rupees(500);
    assert_eq!(books.differences(), Vec::<String>::new());
    finds("costs ₹500.00, but ₹1,000.00 was captured", |b| b.payments[0].captured = Money::from_rupees(1_000));
    finds("costs ₹500.00, but ₹1,000.00 was captured", |b| {
        b.payments[0].captured = Money::from_rupees(1_000);
        b.payments[0].refunded = Money::from_paise(49_999);
    });
}

#[test]
fn what_costs_nothing_needs_no_payment() {
    let mut books = books();
    books.orders[0].total = Money::ZERO;
    books.payments.clear();
    assert_eq!(books.differences(), Vec::<String>::new());
}

#[test]
fn finds_each_difference_alone() {
    finds("its stock is held", |b| b.stock[0].state = "held".into());
    finds("its stock is nothing", |b| b.stock.clear());
    finds("is pending, but its stock is committed", |b| b.orders[0].status = OrderStatus::Pending);
    finds("its coupon is released", |b| b.coupons[0].state = "released".into());
    finds("has no parcel", |b| b.shipments.clear());
    finds("is confirmed, but its parcel is in_transit", |b| b.shipments[0].status = ShipmentStatus::InTransit);
    finds("is confirmed, but its parcel is delivered", |b| b.shipments[0].status = ShipmentStatus::Delivered);
    finds("is confirmed, but its parcel is returned", |b| b.shipments[0].status = ShipmentStatus::Returned);
    finds("is confirmed, but its parcel is cancelled", |b| b.shipments[0].status = ShipmentStatus::Cancelled);
    finds("has ₹0.00 to pay at the door, but its parcel ₹1.00", |b| {
        b.shipments[0].cash_to_collect = Money::from_rupees(1);
    });
    finds("is of 1 pieces, but 2 are committed", |b| b.stock[0].pieces = 2);
    finds("does not know that its ₹500.00 are paid", |b| b.orders[0].is_paid = false);
    finds("has no payment", |b| b.payments.clear());
    finds("but ₹499.99 was captured", |b| b.payments[0].captured = Money::from_paise(49_999));
    finds("but ₹1.00 is asked", |b| b.payments[0].amount = Money::from_rupees(1));
    finds("knows of ₹0.00 refunded, the payment of ₹1.00", |b| b.payments[0].refunded = Money::from_rupees(1));
    finds("does not exist, but its stock is held", |b| {
        b.stock.push(StockFact { order_id: OrderId::new(), state: "held".into(), pieces: 1 });
    });
    finds("does not exist, but its coupon is held", |b| {
        b.coupons.push(CouponFact { order_id: OrderId::new(), code: "ONCE".into(), state: "held".into() });
    });
    finds("does not exist, but ₹500.00 was charged", |b| {
        let payment = PaymentFact { order_id: OrderId::new(), ..b.payments[0].clone() };
        b.payments.push(payment);
    });
    finds(" is created", |b| {
        let (order_id, status) = (OrderId::new(), ShipmentStatus::Created);
        b.shipments.push(ShipmentFact { order_id, status, ..b.shipments[0].clone() });
    });
}

/// The order above, cancelled and given back whole.
fn cancelled(b: &mut Books) {
    b.orders[0].status = OrderStatus::Cancelled;
    b.orders[0].cancel_reason = Some(CancelReason::Customer);
    b.orders[0].refunded = b.orders[0].total;
    b.payments[0].refunded = b.orders[0].total;
    b.stock[0].state = "released".into();
    b.coupons[0].state = "released".into();
    b.shipments[0].status = ShipmentStatus::Cancelled;
}

#[test]
fn finds_what_a_cancelled_order_still_holds() {
    let mut books = books();
    cancelled(&mut books);
    assert!(books.differences().is_empty());
    let finds = |what, plant: fn(&mut Books)| {
        finds(what, |b| {
            cancelled(b);
            plant(b);
        });
    };
    finds("its stock is committed", |b| b.stock[0].state = "committed".into());
    finds("its stock is released", |b| b.orders[0].cancel_reason = Some(CancelReason::Lost));
    finds("its coupon is redeemed", |b| b.coupons[0].state = "redeemed".into());
    finds("was delivered", |b| b.shipments[0].status = ShipmentStatus::Delivered);
    finds("but ₹1.00 of ₹500.00 was given back", |b| {
        b.payments[0].refunded = Money::from_rupees(1);
        b.orders[0].refunded = Money::from_rupees(1);
    });
}

/// The order above, of which a part came back.
fn with_return(b: &mut Books) {
    let (return_id, order_id, refund) = (ReturnId::new(), b.orders[0].order_id, Money::from_rupees(100));
    b.returns = vec![ReturnFact { return_id, order_id, status: ReturnStatus::Closed, refund }];
    b.refunds = vec![RefundFact { return_id, order_id, amount: refund, state: RefundState::Succeeded }];
    b.payments[0].refunded = refund;
    b.orders[0].refunded = refund;
}

#[test]
fn finds_refunds_that_are_not_their_returns() {
    let mut books = books();
    with_return(&mut books);
    assert!(books.differences().is_empty());
    let finds = |what, plant: fn(&mut Books)| {
        finds(what, |b| {
            with_return(b);
            plant(b);
        });
    };
    finds("its goods are not here, but ₹100.00 is refunded", |b| b.returns.clear());
    finds("is closed, but nothing of ₹100.00 is refunded", |b| b.refunds.clear());
    finds("is received, but ₹100.00 is refunded", |b| b.returns[0].status = ReturnStatus::Received);
    finds("but ₹99.00 of order", |b| b.refunds[0].amount = Money::from_rupees(99));
    finds("is closed, but its refund is requested", |b| b.refunds[0].state = RefundState::Requested);
    finds("is refund_due, but its refund is succeeded", |b| b.returns[0].status = ReturnStatus::RefundDue);
}

#[test]
fn a_refund_on_its_way_or_refused_for_good_is_no_difference() {
    let mut books = books();
    with_return(&mut books);
    books.returns[0].status = ReturnStatus::RefundDue;
    for state in [RefundState::Requested, RefundState::Failed] {
        books.refunds[0].state = state;
        assert!(books.differences().is_empty(), "{state}");
    }
    // Nothing was accepted: there is nothing to refund.
    books.returns[0].status = ReturnStatus::Closed;
    books.returns[0].refund = Money::ZERO;
    books.refunds.clear();
    assert!(books.differences().is_empty());
}
