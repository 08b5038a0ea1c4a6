//! From a cart to an order, step by step. No step holds a transaction over a call, and a crash between any two of them leaves
//! something that a worker can finish:
//!
//! 1. The checkout is recorded under the customer's key, with the order's id and a lease.
//! 2. Cart, address, variants, discounts and delivery are read, and the price is reckoned.
//! 3. The stock is set aside, then the coupon's use, both under the order's id.
//! 4. The order is stored: from here on it exists.
//! 5. Its payment is opened; cash on delivery is confirmed at once.
//! 6. The answer is recorded, for repeats.
//!
//! What ends before 4 is undone, what ends after it is completed: by the request itself if it can, otherwise by the job that
//! takes over checkouts whose lease is over. The order's id is never used again, and both reservations refuse an order that
//! was released, so that a late message of a request that was given up for dead does no harm.

mod begin;
mod draft;
mod gather;
mod undo;

use std::time::Duration;

use contracts::discount::{CouponReservation, ReserveCoupon};
use contracts::order::{NewOrder, NewOrderQuote, OrderCreated, OrderQuote, OrderStatus};
use contracts::payment::{CreateIntent, PaymentMethod};
use contracts::product::{ReserveStock, StockReservation};
use platform::{Problem, Result};
use types::{IntentId, OrderId, UserId};

use crate::api::view;
use crate::app::Orders;
use crate::domain::Order;
use crate::{settlement, store};
use begin::Begun;
use gather::{Destination, Gathered};
pub use undo::{release, undo};

/// How much longer than the order the reservation of its stock lives: a payment in the last second is found in this time.
const STOCK_MARGIN: Duration = Duration::from_secs(5 * 60);

/// The body of a `201 Created`.
pub struct Answer {
    pub body: Vec<u8>,
    /// It was given before.
    pub repeated: bool,
}

/// Orders what is in the customer's cart.
pub async fn check_out(app: &Orders, customer_id: UserId, key: &str, new: &NewOrder) -> Result<Answer> {
    let destination = Destination::of(new.address_id, new.address.clone())?;
    let order_id = match begin::begin(app, customer_id, key, new).await? {
        Begun::First(order_id) => order_id,
        Begun::Placed(order_id) => return or_let_go(app, order_id, complete_from_store(app, order_id).await).await,
        Begun::Answered(body) => return Ok(Answer { body, repeated: true }),
    };
    match place(app, order_id, customer_id, destination, new).await {
        Ok(order) => or_let_go(app, order_id, complete(app, order).await).await,
        Err(Failure::BeforeReservation(problem)) => {
            let mut connection = app.db.primary().await?;
            store::checkout::fail(&mut connection, order_id).await?;
            Err(problem)
        }
        Err(Failure::AfterReservation(problem)) => {
            if let Err(cause) = undo(app, order_id).await {
                tracing::warn!(%order_id, %cause, "a checkout could not be undone now: the job does it");
            }
            Err(problem)
        }
    }
}

/// What the cart would cost.
pub async fn quote(app: &Orders, customer_id: UserId, new: NewOrderQuote) -> Result<OrderQuote> {
    let destination = Destination::of(new.address_id, new.address)?;
    let gathered = gather::gather(app, customer_id, destination, new.shipping_method_id).await?;
    Ok(draft::quote(&gathered))
}

/// Completes a checkout whose order is stored. May be repeated.
pub async fn complete_from_store(app: &Orders, order_id: OrderId) -> Result<Answer> {
    let mut connection = app.db.primary().await?;
    let order = store::order::find(&mut connection, order_id).await?;
    drop(connection);
    complete(app, order.ok_or_else(|| Problem::internal(format!("order {order_id} was placed but is not there")))?)
        .await
}

/// Why no order came of it: is there something to undo?
enum Failure {
    BeforeReservation(Problem),
    AfterReservation(Problem),
}

/// Steps 2 to 4.
async fn place(
    app: &Orders,
    order_id: OrderId,
    customer_id: UserId,
    destination: Destination,
    new: &NewOrder,
) -> Result<Order, Failure> {
    let gathered = gather::gather(app, customer_id, destination, Some(new.shipping_method_id)).await;
    let gathered = gathered.map_err(Failure::BeforeReservation)?;
    agree(&gathered, new).map_err(Failure::BeforeReservation)?;
    let order = draft::order(order_id, customer_id, &gathered, new, app.now(), app.settings.payment_window);

    reserve_stock(app, &order).await?;
    reserve_coupon(app, &order, &gathered).await.map_err(Failure::AfterReservation)?;
    store_order(app, order).await.map_err(Failure::AfterReservation)
}

/// Is it what the customer has agreed to?
fn agree(gathered: &Gathered, new: &NewOrder) -> Result<()> {
    if let Some(coupon) = gathered.discounts.coupon.as_ref().filter(|coupon| !coupon.applies) {
        return Err(coupon_refused(&coupon.reason));
    }
    if new.expected_total.is_some_and(|total| total != gathered.price.total) {
        return Err(
            Problem::conflict("price-changed", "The price is another one by now").with("quote", draft::quote(gathered))
        );
    }
    let cash = &gathered.shipping.cash_on_delivery;
    if new.payment_method == PaymentMethod::CashOnDelivery && !cash.allowed {
        return Err(Problem::conflict("cash-on-delivery-unavailable", "This order cannot be paid at the door")
            .detail(cash.reason.clone()));
    }
    Ok(())
}

async fn reserve_stock(app: &Orders, order: &Order) -> Result<(), Failure> {
    let request =
        ReserveStock { order_id: order.id, lines: order.stock(), expires_at: order.expires_at.plus(STOCK_MARGIN) };
    match app.client().call(&request).await.map_err(|error| Failure::AfterReservation(error.into()))? {
        StockReservation::Held => Ok(()),
        // All lines or none: nothing is set aside.
        StockReservation::Short { shortages } => Err(Failure::BeforeReservation(
            Problem::conflict("insufficient-stock", "There is not enough in stock").with("shortages", shortages),
        )),
        StockReservation::Released => Err(Failure::AfterReservation(taken_over(order.id))),
    }
}

async fn reserve_coupon(app: &Orders, order: &Order, gathered: &Gathered) -> Result<()> {
    let Some(code) = order.coupon_code.clone() else { return Ok(()) };
    let amount = gathered.coupon_amount();
    let request = ReserveCoupon { order_id: order.id, customer_id: order.customer_id, code, amount };
    match app.client().call(&request).await? {
        CouponReservation::Held { .. } => Ok(()),
        CouponReservation::Refused { reason } => Err(coupon_refused(&reason)),
        CouponReservation::Released => Err(taken_over(order.id)),
    }
}

async fn store_order(app: &Orders, mut order: Order) -> Result<Order> {
    let mut tx = app.db.begin().await?;
    let number = store::place::place(&mut tx, &order).await?;
    order.number = number.ok_or_else(|| taken_over(order.id))?;
    let created = OrderCreated {
        order_id: order.id,
        order_number: order.number.clone(),
        customer_id: order.customer_id,
        total: order.total,
        payment_method: order.payment_method,
        coupon_code: order.coupon_code.clone(),
        expires_at: order.expires_at,
    };
    tx.publish(order.id, order.version, &created)?;
    let _committed = tx.commit().await?;
    Ok(order)
}

/// Steps 5 and 6.
async fn complete(app: &Orders, mut order: Order) -> Result<Answer> {
    if order.status == OrderStatus::Pending && app.now() < order.expires_at {
        order.intent_id = open_payment(app, &order).await?;
        if order.confirms_at_once() {
            return confirm_at_once(app, order).await;
        }
    } else {
        // Nobody came to it in time: the order goes the way of those that nobody pays.
        order = settlement::settle(app, order).await?;
    }
    let body = body(&order)?;
    let mut connection = app.db.primary().await?;
    store::checkout::answer(&mut connection, order.id, order.intent_id, &body).await?;
    Ok(Answer { body, repeated: false })
}

/// The order stands even if its checkout could not be completed: the customer's repeat, or the job, goes on from there.
async fn or_let_go(app: &Orders, order_id: OrderId, result: Result<Answer>) -> Result<Answer> {
    if result.is_err() {
        let mut connection = app.db.primary().await?;
        store::checkout::let_go(&mut connection, order_id, app.now()).await?;
    }
    result
}

/// None if nothing is to be paid.
async fn open_payment(app: &Orders, order: &Order) -> Result<Option<IntentId>> {
    if order.total.is_zero() {
        return Ok(None);
    }
    let request = CreateIntent {
        order_id: order.id,
        order_number: order.number.clone(),
        customer_id: order.customer_id,
        amount: order.total,
        method: order.payment_method,
        expires_at: order.expires_at,
    };
    Ok(Some(app.client().call(&request).await?.intent_id))
}

async fn confirm_at_once(app: &Orders, order: Order) -> Result<Answer> {
    let (id, intent_id) = (order.id, order.intent_id);
    let commitment = settlement::commit_stock(app, &order).await?;
    let mut tx = app.db.begin().await?;
    let mut order = settlement::conclude(app, &mut tx, order, commitment).await?;
    order.intent_id = intent_id;
    let body = body(&order)?;
    store::checkout::answer(&mut tx, id, intent_id, &body).await?;
    let _committed = tx.commit().await?;
    Ok(Answer { body, repeated: false })
}

fn body(order: &Order) -> Result<Vec<u8>> {
    serde_json::to_vec(&view::order(order)).map_err(Problem::internal)
}

fn coupon_refused(reason: &str) -> Problem {
    Problem::conflict("coupon-refused", "The coupon cannot be used").detail(reason)
}

/// The request took longer than its lease, and what it had set aside was given back: the customer may try again.
fn taken_over(order_id: OrderId) -> Problem {
    Problem::unavailable(format!("checkout {order_id} was taken over in the middle"))
}
