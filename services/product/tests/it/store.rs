//! The service with the demonstration's catalogue in it.

use platform::reconcile::Violation;
use product_service::demo::{self, DemoItem, KURTA_SKU};
use testkit::TestService;

pub struct Store {
    pub service: TestService,
    pub kurta: DemoItem,
}

/// The demonstration's catalogue, on sale.
pub async fn open() -> Store {
    let service = TestService::start(product_service::service()).await;
    let mut connection = service.pool.acquire().await.unwrap();
    demo::seed(&mut connection, service.clock.now()).await.unwrap();
    drop(connection);
    Store { service, kurta: demo::item(KURTA_SKU).unwrap() }
}

impl Store {
    pub fn kurta_path(&self) -> String {
        format!("/api/v1/products/{}", self.kurta.product_id)
    }

    pub async fn violations(&self) -> Vec<Violation> {
        let mut connection = self.service.pool.acquire().await.unwrap();
        product_service::reconcile::violations(&mut connection, self.service.clock.now()).await.unwrap()
    }
}
