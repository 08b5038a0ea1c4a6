//! A payment service with orders to be paid.

use std::collections::HashMap;
use std::net::TcpListener;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use contracts::order::{CancelReason, GetPayability, OrderCancelled, OrderStatus, Payability};
use contracts::payment::{
    AttemptStatus, CreateIntent, Intent, IntentStatus, Payment, PaymentDesk, PaymentMethod, StartedAttempt,
};
use payment_service::{reconcile, service};
use serde_json::{Value, json};
use testkit::{Answer, Person, TestService, eventually};
use types::{Money, OrderId, Role, ServiceName, UserId};

pub const PATIENCE: Duration = Duration::from_secs(15);
pub const PRICE: Money = Money::from_paise(49_900);

pub struct Shop {
    pub service: TestService,
    /// Orders that may be paid, and how much each costs.
    payable: Arc<Mutex<HashMap<OrderId, Money>>>,
}

pub struct Order {
    pub id: OrderId,
    pub customer: Person,
    pub intent: Intent,
}

/// The environment of the service.
pub struct Setup(Vec<(&'static str, String)>);

/// A payment service whose sandbox reaches it with its webhooks.
pub fn connected() -> Setup {
    let port = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).unwrap().port();
    let own = format!("http://127.0.0.1:{port}/api/v1/payments/webhooks/sandbox");
    Setup(Vec::new()).env("PORT", port).env("PAYMENT_WEBHOOK_URL", own)
}

/// A payment service that no webhook reaches, and that asks soon instead.
pub fn deaf() -> Setup {
    Setup(Vec::new()).env("PAYMENT_POLL_AFTER", "0.2")
}

impl Setup {
    pub fn env(mut self, name: &'static str, value: impl ToString) -> Self {
        self.0.push((name, value.to_string()));
        self
    }
}

impl Shop {
    pub async fn start(setup: Setup) -> Self {
        let service =
            setup.0.into_iter().fold(TestService::of(service()), |setup, (name, value)| setup.env(name, value));
        let service = service.start().await;
        let payable: Arc<Mutex<HashMap<OrderId, Money>>> = Arc::default();
        let (orders, clock) = (payable.clone(), service.clock.clone());
        service.stubs.answer(move |call: GetPayability| match orders.lock().unwrap().get(&call.order_id) {
            Some(amount) => {
                Payability::Payable { amount: *amount, expires_at: clock.now().plus(Duration::from_secs(900)) }
            }
            None => Payability::NotPayable { status: OrderStatus::Cancelled },
        });
        Shop { service, payable }
    }

    pub async fn order(&self) -> Order {
        self.order_by(PaymentMethod::Upi).await
    }

    pub async fn order_by(&self, method: PaymentMethod) -> Order {
        let customer = self.service.customer();
        let call = self.intent_call(customer.id(), method);
        let intent = self.service.call(ServiceName::Order, &call).await;
        self.payable.lock().unwrap().insert(call.order_id, PRICE);
        Order { id: call.order_id, customer, intent }
    }

    pub fn intent_call(&self, customer_id: UserId, method: PaymentMethod) -> CreateIntent {
        CreateIntent {
            order_id: OrderId::new(),
            order_number: "HT-26-000017".to_owned(),
            customer_id,
            amount: PRICE,
            method,
            expires_at: self.service.clock.now().plus(Duration::from_secs(900)),
        }
    }

    /// The order service says that the order may not be paid any more.
    pub fn close(&self, order: &Order) {
        self.payable.lock().unwrap().remove(&order.id);
    }

    /// The order is cancelled, and the payment service has heard of it.
    pub async fn cancel(&self, order: &Order) {
        self.close(order);
        let cancelled = OrderCancelled {
            order_id: order.id,
            order_number: "HT-26-000017".to_owned(),
            customer_id: order.customer.id(),
            reason: CancelReason::Customer,
            total: PRICE,
        };
        self.service.deliver(order.id, 3, &cancelled).await;
    }

    pub async fn payment(&self, order: &Order) -> Payment {
        order.customer.get(&order.path("")).await.is(200).read()
    }

    /// Waits until the payment has this status.
    pub async fn becomes(&self, order: &Order, status: IntentStatus) -> Payment {
        eventually(PATIENCE, async || {
            let payment = self.payment(order).await;
            if payment.status == status { Ok(payment) } else { Err(format!("{payment:?}")) }
        })
        .await
    }

    /// Waits until the newest attempt has this status.
    pub async fn attempt_becomes(&self, order: &Order, status: AttemptStatus) -> Payment {
        eventually(PATIENCE, async || {
            let payment = self.payment(order).await;
            if payment.attempts[0].status == status { Ok(payment) } else { Err(format!("{payment:?}")) }
        })
        .await
    }

    pub async fn desk(&self, order: &Order) -> PaymentDesk {
        let staff = self.service.as_staff(Role::Support);
        staff.get(&format!("/api/v1/payments/desk?order_id={}", order.id)).await.is(200).read()
    }

    /// Waits until nothing is on its way back any more.
    pub async fn refunds_end(&self, order: &Order) -> PaymentDesk {
        eventually(PATIENCE, async || {
            let desk = self.desk(order).await;
            if desk.refunding.is_zero() { Ok(desk) } else { Err(format!("{desk:?}")) }
        })
        .await
    }

    pub async fn count(&self, sql: &'static str) -> i64 {
        sqlx::query_scalar(sql).fetch_one(&self.service.pool).await.unwrap()
    }

    /// The books agree with themselves and with the sandbox's, on everything that was decided so far.
    pub async fn is_sound(&self) {
        let mut connection = self.service.pool.acquire().await.unwrap();
        let now = self.service.clock.now();
        let violations = reconcile::violations(&mut connection, now).await.unwrap();
        assert_eq!(violations, []);
        let differences = reconcile::sandbox_violations(&mut connection, now).await.unwrap();
        assert_eq!(differences, []);
    }
}

impl Order {
    pub fn path(&self, below: &str) -> String {
        format!("/api/v1/payments/{}{below}", self.intent.intent_id)
    }

    /// The customer tries to pay.
    pub async fn pay(&self, how: Value) -> Answer {
        self.customer.post(&self.path("/attempts"), &how).await
    }

    pub async fn pay_by_upi(&self, vpa: &str) -> StartedAttempt {
        self.pay(upi(vpa)).await.is(201).read()
    }
}

pub fn upi(vpa: &str) -> Value {
    json!({ "method": "upi", "vpa": vpa })
}

pub fn card(token: &str) -> Value {
    json!({ "method": "card", "token": token })
}
