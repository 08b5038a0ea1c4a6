//! A shop around the order service, with a customer in it.

use std::sync::{Arc, MutexGuard};

use contracts::Call;
use contracts::order::{Order, OrderStatus};
use contracts::payment::{IntentStatus, PaymentFacts, PaymentMethod, PaymentSucceeded};
use platform::reconcile::Violation;
use serde_json::{Value, json};
use testkit::service::PATIENCE;
use testkit::{Person, TestService, eventually};
use types::{AttemptId, OrderId};

use crate::world::{State, World};

#[derive(Clone)]
pub struct Shop {
    pub service: Arc<TestService>,
    pub world: Arc<World>,
    pub customer: Person,
}

impl Shop {
    /// Two kurtas at Rs 999 and 5 % GST, a phone case at Rs 499.50 and 18 %, going to Hyderabad for Rs 50.
    pub async fn open() -> Self {
        let service = Arc::new(TestService::start(order_service::service()).await);
        let customer = service.customer();
        let world = Arc::new(World::new());
        world.stand_in_for_all(&service, customer.id());
        Shop { service, world, customer }
    }

    pub fn state(&self) -> MutexGuard<'_, State> {
        self.world.state()
    }

    /// Puts the stubs back that a test replaced.
    pub fn mend(&self) {
        self.world.stand_in_for_all(&self.service, self.customer.id());
    }

    /// The body of an order of what is in the cart.
    pub fn new_order(&self, method: PaymentMethod) -> Value {
        let state = self.state();
        json!({
            "address_id": state.address_id,
            "shipping_method_id": state.shipping[0].method_id,
            "payment_method": method,
        })
    }

    pub async fn order(&self, method: PaymentMethod) -> Order {
        self.customer.post("/api/v1/orders", &self.new_order(method)).await.is(201).read()
    }

    /// An order whose payment was heard of.
    pub async fn paid_order(&self) -> Order {
        let order = self.order(PaymentMethod::Upi).await;
        self.pay(&order).await;
        self.until(order.id, OrderStatus::Confirmed).await
    }

    /// The customer pays, and the news of it arrives.
    pub async fn pay(&self, order: &Order) {
        self.capture(order.id);
        self.service.deliver(order.id, 2, &self.payment_succeeded(order)).await;
    }

    /// The customer pays, and nobody tells the order service.
    pub fn capture(&self, id: OrderId) {
        let mut state = self.state();
        let intent = state.intents.get_mut(&id).unwrap();
        (intent.status, intent.captured) = (IntentStatus::Paid, intent.amount);
    }

    pub fn payment_succeeded(&self, order: &Order) -> PaymentSucceeded {
        PaymentSucceeded { payment: self.payment(order) }
    }

    pub fn payment(&self, order: &Order) -> PaymentFacts {
        PaymentFacts {
            intent_id: order.payment.intent_id.unwrap(),
            attempt_id: AttemptId::new(),
            order_id: order.id,
            customer_id: self.customer.id(),
            amount: order.amounts.total,
            method: order.payment.method,
            at: self.service.clock.now(),
        }
    }

    pub async fn read(&self, id: OrderId) -> Order {
        self.customer.get(&format!("/api/v1/orders/{id}")).await.is(200).read()
    }

    /// Waits until the order has this status.
    pub async fn until(&self, id: OrderId, status: OrderStatus) -> Order {
        eventually(PATIENCE, async || {
            let order = self.read(id).await;
            if order.status == status { Ok(order) } else { Err(order.status) }
        })
        .await
    }

    pub async fn orders(&self) -> Vec<Value> {
        let page = self.customer.get("/api/v1/orders").await.is(200).json;
        page["items"].as_array().unwrap().clone()
    }

    /// What the customer sees happen, by kind.
    pub async fn timeline(&self, id: OrderId) -> Vec<String> {
        let timeline = self.customer.get(&format!("/api/v1/orders/{id}/timeline")).await.is(200).json;
        timeline.as_array().unwrap().iter().map(|entry| entry["kind"].as_str().unwrap().to_owned()).collect()
    }

    /// Every rule about the orders that does not hold.
    pub async fn violations(&self) -> Vec<Violation> {
        let mut connection = self.service.pool.acquire().await.unwrap();
        order_service::reconcile::violations(&mut connection, self.service.clock.now()).await.unwrap()
    }

    /// Holds back the next answer of `C`, after its effect.
    pub fn hold<C: Call>(&self) {
        self.world.close(C::PATH);
    }

    /// Waits until an answer is held back.
    pub async fn held(&self) {
        eventually(PATIENCE, async || self.world.is_reached()).await;
    }

    pub fn let_go(&self) {
        self.world.open();
    }
}
