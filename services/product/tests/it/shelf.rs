//! A database with something on the shelf.

use contracts::product::{NewCategory, NewProduct, NewVariant, ProductStatus, StockLine, StockReason};
use platform::clock::Clock;
use platform::db::{Db, DbOptions, Tx};
use platform::env::Env;
use platform::events::wake::Wake;
use platform::reconcile::Violation;
use product_service::domain::stock::{Demand, Move};
use product_service::store::stock::Cause;
use product_service::store::{catalogue, reconcile, stock};
use sqlx::PgPool;
use testkit::TestDatabase;
use types::{CategoryId, LocationId, Money, ProductId, ServiceName, Timestamp, VariantId};

pub struct Shelf {
    pub db: Db,
    /// As the owner of the tables: for looking behind the service's back.
    pub pool: PgPool,
    pub now: Timestamp,
    pub locations: [LocationId; 2],
    _database: TestDatabase,
}

impl Shelf {
    pub async fn new() -> Self {
        let database = TestDatabase::create(&product_service::MIGRATIONS).await;
        let settings = [("DATABASE_URL", database.service_url.as_str()), ("DATABASE_CONNECTIONS", "32")];
        let env = Env::from_values(settings.map(|(name, value)| (name.to_owned(), value.to_owned())));
        // Two hundred tasks may wait for a connection in turn.
        let env = env.with([("DATABASE_ACQUIRE_TIMEOUT".to_owned(), "30".to_owned())]);
        let db = Db::new(ServiceName::Product, &DbOptions::from_env(&env).unwrap(), Wake::default(), None);
        let pool = PgPool::connect(&database.owner_url).await.unwrap();
        let locations = [LocationId::new(), LocationId::new()];
        let now = Clock::system().now();
        let shelf = Shelf { db, pool, now, locations, _database: database };
        shelf.furnish().await;
        shelf
    }

    async fn furnish(&self) {
        for (position, (id, name)) in (1i32..).zip(self.locations.iter().zip(["Hyderabad", "Warangal"])) {
            sqlx::query("INSERT INTO location (id, name, position) VALUES ($1, $2, $3)")
                .bind(id)
                .bind(name)
                .bind(position)
                .execute(&self.pool)
                .await
                .unwrap();
        }
        sqlx::raw_sql(
            "INSERT INTO hsn VALUES ('6211', 'Other garments');
             INSERT INTO hsn_rate VALUES ('6211', '2017-07-01', 0, 500), ('6211', '2017-07-01', 105000, 1200),
                                         ('6211', '2025-09-22', 0, 500), ('6211', '2025-09-22', 262500, 1800);",
        )
        .execute(&self.pool)
        .await
        .unwrap();
    }

    /// A variant of a product of its own, with so many pieces at each location.
    pub async fn variant(&self, pieces: [i32; 2]) -> VariantId {
        let (category, product, variant) = (CategoryId::new(), ProductId::new(), VariantId::new());
        let mut tx = self.tx().await;
        let slug = format!("c-{}", category.0.simple());
        let new = NewCategory { parent_id: None, slug, name: "Things".to_owned(), position: 0 };
        catalogue::insert_category(&mut tx, category, &new).await.unwrap();
        let new = NewProduct {
            slug: None,
            title: "Thing".to_owned(),
            brand: "Brand".to_owned(),
            description: String::new(),
            category_id: category,
            status: ProductStatus::Active,
            hsn: "6211".to_owned(),
            return_days: 30,
            options: Vec::new(),
            media: Vec::new(),
            variants: Vec::new(),
        };
        catalogue::insert(&mut tx, product, &format!("p-{}", product.0.simple()), &new, self.now).await.unwrap();
        let new = NewVariant {
            sku: format!("SKU-{}", variant.0.simple().to_string().to_uppercase()),
            options: Vec::new(),
            price: Money::from_rupees(499),
            mrp: Money::from_rupees(999),
            weight_grams: 300,
            max_per_order: 10,
            low_at: 5,
        };
        catalogue::insert_variant(&mut tx, product, variant, &new).await.unwrap();
        let cause = Cause {
            reason: StockReason::Opening,
            order_id: None,
            return_id: None,
            actor_id: None,
            note: "",
            at: self.now,
        };
        for (location_id, on_hand) in self.locations.into_iter().zip(pieces).filter(|(_, pieces)| *pieces > 0) {
            stock::open(&mut tx, variant, location_id).await.unwrap();
            let opening = Move { variant_id: variant, location_id, on_hand, reserved: 0 };
            stock::apply(&mut tx, &[opening], &cause).await.unwrap();
        }
        catalogue::refresh_cards(&mut tx, &[product]).await.unwrap();
        let _committed = tx.commit().await.unwrap();
        variant
    }

    pub async fn tx(&self) -> Tx {
        self.db.begin().await.unwrap()
    }

    /// On hand and reserved, at each location that has a row, the first location first.
    pub async fn levels(&self, variant: VariantId) -> Vec<(i32, i32)> {
        let sql = "SELECT on_hand, reserved FROM stock s JOIN location l ON l.id = s.location_id
                   WHERE variant_id = $1 ORDER BY l.position";
        sqlx::query_as(sql).bind(variant).fetch_all(&self.pool).await.unwrap()
    }

    pub async fn in_stock(&self, variant: VariantId) -> bool {
        let sql = "SELECT in_stock FROM product p JOIN variant v ON v.product_id = p.id WHERE v.id = $1";
        sqlx::query_scalar(sql).bind(variant).fetch_one(&self.pool).await.unwrap()
    }

    /// The types of the events that wait to be published, in their order.
    pub async fn told(&self) -> Vec<String> {
        sqlx::query_scalar("SELECT type FROM outbox ORDER BY position").fetch_all(&self.pool).await.unwrap()
    }

    /// The reasons in a variant's ledger after the opening, with the changes.
    pub async fn ledger(&self, variant: VariantId) -> Vec<(String, i32)> {
        let sql = "SELECT reason, change FROM stock_ledger WHERE variant_id = $1 AND reason <> 'opening' ORDER BY id";
        sqlx::query_as(sql).bind(variant).fetch_all(&self.pool).await.unwrap()
    }

    pub async fn violations(&self) -> Vec<Violation> {
        reconcile::violations(&mut self.pool.acquire().await.unwrap(), self.now).await.unwrap()
    }
}

pub fn demand(lines: &[(VariantId, u32)]) -> Demand {
    let lines: Vec<StockLine> =
        lines.iter().map(|(variant_id, quantity)| StockLine { variant_id: *variant_id, quantity: *quantity }).collect();
    Demand::of(&lines).unwrap()
}
