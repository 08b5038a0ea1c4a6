//! The service under test, and what starts it.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, LazyLock, Mutex};
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::response::Response;
use contracts::cart::CartConverted;
use contracts::order::{OrderCreated, OrderDelivered};
use contracts::payment::PaymentMethod;
use garde::Validate;
use http::StatusCode;
use platform::bus::{self, Bus, BusConfig, BusOptions};
use platform::client::Addresses;
use platform::clock::Clock;
use platform::db::{Committed, Db, Tx};
use platform::env::Env;
use platform::events::Received;
use platform::http::{Body, Path};
use platform::idempotency::{Begun, IdempotencyKey};
use platform::identity::{Customer, ServiceKeys, SigningKey, Visitor};
use platform::service::{App, BootError, Bound, Builder, Context, Process, Service, Settings};
use platform::{Problem, Result};
use serde::{Deserialize, Serialize};
use sqlx::migrate::Migrator;
use testkit::{TcpProxy, TestDatabase};
use types::{CartId, Money, OrderId, ServiceName, UserId};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

/// Beside the platform's own, whose `sqlx.toml` names their table.
pub static MIGRATIONS: LazyLock<Migrator> = LazyLock::new(|| {
    let mut migrations = sqlx::migrate!("tests/service/migrations");
    migrations.dangerous_set_table_name("_sqlx_migrations");
    migrations
});

#[derive(Clone)]
pub struct Shelves {
    pub context: Context,
    pub db: Db,
    /// How often the effect of an event has been tried.
    pub tries: Arc<Mutex<u32>>,
}

/// Has what made the handlers panic been mended?
pub static MENDED: AtomicBool = AtomicBool::new(false);

impl App for Shelves {
    fn new(context: Context, _: &Env) -> Result<Self, BootError> {
        Ok(Shelves { db: context.database()?, context, tries: Arc::default() })
    }

    fn context(&self) -> &Context {
        &self.context
    }
}

#[derive(Clone, Debug, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Put {
    #[garde(skip)]
    pub shelf: Uuid,
    #[garde(range(min = 1, max = 1000))]
    pub things: i64,
}

#[utoipa::path(post, path = "/api/v1/things", request_body = Put, responses((status = 201)))]
async fn put(
    visitor: Visitor,
    State(app): State<Shelves>,
    key: IdempotencyKey,
    Body(put): Body<Put>,
) -> Result<Response> {
    let owner = visitor.0.map_or_else(|| "anybody".to_owned(), |customer| customer.id.to_string());
    let mut tx = match key.begin(&app.db, owner, &put).await? {
        Begun::First(tx) => tx,
        Begun::Repeat(answer) => return Ok(answer),
    };
    let counter = metrics::counter!("things_total", "shelf" => put.shelf.to_string());
    tx.count_money(counter, Money::from_paise(put.things));
    let things = add(&mut tx, put.shelf, put.things).await?;
    tx.publish(put.shelf, things, &created(put.shelf, things))?;
    tx.answer(StatusCode::CREATED, &serde_json::json!({ "things": things })).await
}

#[utoipa::path(get, path = "/api/v1/things/{shelf}", responses((status = 200)))]
async fn count(_: Visitor, State(app): State<Shelves>, Path(shelf): Path<Uuid>) -> Result<Json<i64>> {
    let mut connection = app.db.read().await?;
    let things: Option<i64> = sqlx::query_scalar("SELECT things FROM shelf WHERE id = $1")
        .bind(shelf)
        .fetch_optional(&mut *connection)
        .await?;
    things.map(Json).ok_or_else(|| Problem::not_found("shelf"))
}

#[utoipa::path(get, path = "/api/v1/whoami", responses((status = 200)))]
async fn whoami(customer: Customer) -> String {
    customer.id.to_string()
}

#[utoipa::path(get, path = "/api/v1/panic", responses((status = 200)))]
async fn panics() -> String {
    panic!("the shelf has come down, password=hunter2")
}

#[utoipa::path(get, path = "/api/v1/slow/{milliseconds}", responses((status = 200)))]
async fn slow(Path(milliseconds): Path<u64>) -> String {
    tokio::time::sleep(Duration::from_millis(milliseconds)).await;
    "done".to_owned()
}

pub async fn add(tx: &mut Tx, shelf: Uuid, things: i64) -> Result<i64> {
    use platform::db::OnConstraint as _;
    sqlx::query_scalar(
        "INSERT INTO shelf VALUES ($1, $2) ON CONFLICT (id) DO UPDATE SET things = shelf.things + $2 RETURNING things",
    )
    .bind(shelf)
    .bind(things)
    .fetch_one(&mut **tx)
    .await
    .on_constraint("shelf_is_not_overfull", || Problem::conflict("shelf-full", "There is no room on the shelf"))
}

pub fn created(shelf: Uuid, things: i64) -> OrderCreated {
    OrderCreated {
        order_id: OrderId(shelf),
        order_number: "HT-1".to_owned(),
        customer_id: UserId::new(),
        total: Money::from_paise(things),
        payment_method: PaymentMethod::Upi,
        coupon_code: None,
        expires_at: Clock::system().now(),
    }
}

/// Puts a thing on the shelf that the cart's id names.
async fn cart_converted(app: Shelves, event: Received<CartConverted>, mut tx: Tx) -> Result<Committed> {
    if event.data.order_id == SPITEFUL {
        panic!("the shelf has come down over {}", event.id);
    }
    let try_number = {
        let mut tries = app.tries.lock().unwrap();
        *tries += 1;
        *tries
    };
    let (shelf, things) = (event.data.cart_id.0, add(&mut tx, event.data.cart_id.0, 1).await?);
    tx.publish(shelf, things, &created(shelf, things))?;
    // The first time something goes wrong after the change.
    if try_number == 1 {
        return Err(Problem::conflict("clumsy", "Dropped it"));
    }
    Ok(tx.commit().await?)
}

/// The order whose events no handler survives.
pub const SPITEFUL: OrderId = OrderId(Uuid::from_u128(13));

/// For a service that follows the stream itself.
async fn order_delivered(_: Shelves, event: Received<OrderDelivered>, mut tx: Tx) -> Result<Committed> {
    if event.data.order_id == SPITEFUL && !MENDED.load(Ordering::Relaxed) {
        panic!("the shelf has come down over {}", event.id);
    }
    add(&mut tx, event.data.order_id.0, 1).await?;
    Ok(tx.commit().await?)
}

pub fn builder(name: ServiceName) -> Builder<Shelves> {
    let routes = OpenApiRouter::new()
        .routes(routes!(put))
        .routes(routes!(count))
        .routes(routes!(whoami))
        .routes(routes!(panics))
        .routes(routes!(slow));
    let builder = Service::builder::<Shelves>(name).migrations(&MIGRATIONS).routes(routes);
    match name {
        ServiceName::Order => builder.on(cart_converted),
        _ => builder.on(order_delivered),
    }
}

/// The service, running, and what belongs to it.
pub struct Started {
    pub url: String,
    pub tables: TestDatabase,
    pub bus: Bus,
    pub clock: Clock,
    pub http: reqwest::Client,
    pub process: Process,
    /// What the service takes for its database.
    pub database: TcpProxy,
}

/// What a test may want otherwise.
pub struct Setup {
    pub name: ServiceName,
    pub variables: Vec<(String, String)>,
    pub addresses: Addresses,
}

impl Setup {
    pub fn of(name: ServiceName) -> Self {
        Setup { name, variables: Vec::new(), addresses: Addresses::on_loopback([]) }
    }

    pub fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.variables.push((name.to_owned(), value.into()));
        self
    }

    /// The environment of the service on a database of its own.
    pub async fn env(&self, database: &TestDatabase) -> Env {
        let key = SigningKey::generate().unwrap();
        let streams = testkit::streams().await;
        let settings = [
            ("APP_ENV", "local".to_owned()),
            ("BIND_ADDRESS", "127.0.0.1".to_owned()),
            ("PORT", "0".to_owned()),
            ("DATABASE_URL", database.service_url.clone()),
            ("DATABASE_ACQUIRE_TIMEOUT", "1".to_owned()),
            ("STREAMS_URL", streams.url),
            ("BUS_PREFIX", streams.prefix),
            ("JWT_SECRET", key.to_secret_string()),
            ("SERVICE_KEYS", ServiceKeys::document([(self.name, &key)])),
        ];
        Env::from_values(settings.map(|(name, value)| (name.to_owned(), value))).with(self.variables.clone())
    }

    pub async fn start(self) -> Started {
        let name = self.name;
        self.start_service(builder(name).build()).await
    }

    pub async fn start_service(self, service: Service) -> Started {
        let mut database = TestDatabase::create(&MIGRATIONS).await;
        let server = database.service_url.split(['@', '/']).nth(3).unwrap().to_owned();
        let proxy = TcpProxy::start(&server).await;
        database.service_url = database.service_url.replace(&server, &proxy.address.to_string());
        let env = self.env(&database).await;
        let clock = Clock::system();
        let options = BusOptions { prefix: env.text("BUS_PREFIX").unwrap(), ..BusOptions::default() };
        let bus = bus::connect(&BusConfig::from_env(&env).unwrap(), &options).unwrap();
        let settings = Settings { env, clock: clock.clone(), addresses: Some(self.addresses) };
        let bound = Bound::bind(vec![service], settings).await.unwrap();
        let url = format!("http://127.0.0.1:{}", bound.ports().unwrap()[0].1);
        let process = bound.start().await.unwrap();
        Started { url, tables: database, bus, clock, http: reqwest::Client::new(), process, database: proxy }
    }
}

impl Started {
    pub async fn put(&self, key: &str, shelf: Uuid, things: i64) -> reqwest::Response {
        let body = serde_json::json!({ "shelf": shelf, "things": things });
        self.http.post(self.at("/api/v1/things")).header("idempotency-key", key).json(&body).send().await.unwrap()
    }

    pub async fn count(&self, shelf: Uuid) -> Option<i64> {
        let response = self.http.get(self.at(&format!("/api/v1/things/{shelf}"))).send().await.unwrap();
        if response.status() == StatusCode::NOT_FOUND {
            return None;
        }
        Some(response.text().await.unwrap().parse().unwrap())
    }

    pub fn at(&self, path: &str) -> String {
        format!("{}{path}", self.url)
    }
}

pub fn converted(shelf: Uuid) -> CartConverted {
    CartConverted { cart_id: CartId(shelf), customer_id: UserId::new(), order_id: OrderId::new() }
}
