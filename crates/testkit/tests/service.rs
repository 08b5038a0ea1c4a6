//! A service of three handlers, as every service's tests see theirs.

use axum::extract::State;
use contracts::cart::{CartConverted, CheckoutCart, GetCheckoutCart};
use contracts::discount::{PriceBasket, PricedBasket};
use contracts::order::OrderCreated;
use contracts::payment::PaymentMethod;
use contracts::user::ErasureRequested;
use platform::db::{Committed, Db, PLATFORM_MIGRATIONS, Tx};
use platform::env::Env;
use platform::events::Received;
use platform::identity::Customer;
use platform::service::{App, BootError, Context, Service};
use platform::{Problem, Result};
use testkit::TestService;
use types::{CartId, Money, OrderId, Role, ServiceName, Timestamp, UserId};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

#[derive(Clone)]
struct Cart {
    context: Context,
    db: Db,
}

impl App for Cart {
    fn new(context: Context, _: &Env) -> Result<Self, BootError> {
        Ok(Cart { db: context.database()?, context })
    }
    fn context(&self) -> &Context {
        &self.context
    }
}

fn service() -> Service {
    Service::builder::<Cart>(ServiceName::Cart)
        .migrations(&PLATFORM_MIGRATIONS)
        .routes(OpenApiRouter::new().routes(routes!(shipping_discount)))
        .answers(checkout_cart)
        .on(erasure_requested)
        .build()
}

/// What comes off the shipping charge, as discount says; and the time.
#[utoipa::path(get, path = "/api/v1/cart/shipping-discount", responses((status = 200, body = Money)))]
async fn shipping_discount(customer: Customer, State(app): State<Cart>) -> Result<axum::Json<(Money, Timestamp)>> {
    let call = PriceBasket { customer_id: Some(customer.id), lines: Vec::new(), coupon_code: None, shipping: None };
    let priced = app.context.client().call(&call).await?;
    Ok(axum::Json((priced.shipping_discount, app.context.now())))
}

async fn checkout_cart(_: Cart, call: GetCheckoutCart) -> Result<CheckoutCart> {
    let cart_id = Some(CartId(call.customer_id.0));
    Ok(CheckoutCart { cart_id, version: 7, lines: Vec::new(), coupon_code: None })
}

async fn erasure_requested(app: Cart, event: Received<ErasureRequested>, mut tx: Tx) -> Result<Committed> {
    let _connection_to_spare = app.db.read().await?;
    let customer_id = event.data.user_id;
    let cart_id = CartId(customer_id.0);
    let converted = CartConverted { cart_id, customer_id, order_id: OrderId(customer_id.0) };
    tx.publish(cart_id, event.version, &converted)?;
    Ok(tx.commit().await?)
}

fn priced(shipping_discount: Money) -> PricedBasket {
    PricedBasket { line_discounts: Vec::new(), shipping_discount, coupon: None, receipt: Vec::new() }
}

#[tokio::test]
async fn a_request_is_authorised_and_what_it_calls_is_stubbed() {
    let cart = TestService::start(service()).await;
    let path = "/api/v1/cart/shipping-discount";
    cart.guest().get(path).await.is(401).problem("unauthenticated");
    let asha = cart.customer();
    asha.get(path).await.is(500);
    cart.stubs.answer::<PriceBasket>(|_| priced(Money::from_rupees(49)));
    let (amount, before): (Money, Timestamp) = asha.get(path).await.is(200).read();
    assert_eq!(amount, Money::from_rupees(49));
    let asked = cart.stubs.calls::<PriceBasket>();
    assert_eq!(asked.last().and_then(|call| call.customer_id), Some(asha.id()));

    // A month later the same person is still logged in.
    let month = std::time::Duration::from_secs(30 * 24 * 3600);
    cart.clock.advance(month);
    let (_, after): (Money, Timestamp) = asha.get(path).await.is(200).read();
    assert!(after.since(before) >= month);

    cart.stubs.down::<PriceBasket>();
    cart.as_staff(Role::Admin).get(path).await.is(503);
}

#[tokio::test]
async fn only_whom_the_topology_lets_call_gets_an_answer() {
    let cart = TestService::start(service()).await;
    let call = GetCheckoutCart { customer_id: UserId::new() };
    assert_eq!(cart.call(ServiceName::Order, &call).await.version, 7);
    let problem: Problem = cart.try_call(ServiceName::Product, &call).await.unwrap_err();
    assert_eq!(problem.status, 403);
}

#[tokio::test]
async fn an_event_has_its_effect_once_and_what_follows_is_heard() {
    let cart = TestService::start(service()).await;
    let user_id = UserId::new();
    let id = cart.deliver(user_id, 3, &ErasureRequested { user_id }).await;
    let converted = cart.publishes::<CartConverted>(|event| event.customer_id == user_id).await;
    assert_eq!((converted.version, converted.subject), (3, user_id.to_string()));
    cart.deliver_as(id, user_id, 3, &ErasureRequested { user_id }).await;
    assert_eq!(cart.published::<CartConverted>().await.len(), 1);
}

#[tokio::test]
async fn two_pods_share_what_one_service_knows() {
    let cart = TestService::start(service()).await;
    cart.stubs.answer::<PriceBasket>(|_| priced(Money::ZERO));
    let (pod, asha) = (cart.another(service()).await, cart.customer());
    cart.at(&pod, &asha).get("/api/v1/cart/shipping-discount").await.is(200);
    cart.kill();
    let user_id = UserId::new();
    cart.deliver(user_id, 1, &ErasureRequested { user_id }).await;
    pod.stop().await;
}

#[tokio::test]
#[should_panic(expected = "had no effect")]
async fn an_event_that_the_service_does_not_handle_fails_the_test() {
    let cart = TestService::start(service()).await;
    let order_id = OrderId::new();
    let created = OrderCreated {
        order_id,
        order_number: "HT-1".to_owned(),
        customer_id: UserId::new(),
        total: Money::from_rupees(1),
        payment_method: PaymentMethod::Upi,
        coupon_code: None,
        expires_at: Timestamp::from_microseconds(0),
    };
    cart.publish(order_id, 1, &created).await;
    cart.deliver(order_id, 1, &created).await;
}
