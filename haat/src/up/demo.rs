//! Demo data, each service's own. Done again, it changes nothing.

use platform::Problem;
use sqlx::{Connection as _, PgConnection};
use types::{ServiceName, Timestamp};

use super::{Infrastructure, UpError};

/// What the platform begins with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Demo {
    /// The accounts: without them nobody could fill the shop.
    Accounts,
    /// A shop to buy from; so many generated products in the place of its own, for measurements, if this is not 0.
    Shop { products: u32 },
}

impl Infrastructure {
    /// Fills migrated databases with the shop of the demonstration.
    pub async fn seed(&self, now: Timestamp) -> Result<(), UpError> {
        seed(self, now, Demo::Shop { products: 0 }).await
    }
}

pub(super) async fn seed(infrastructure: &Infrastructure, now: Timestamp, demo: Demo) -> Result<(), UpError> {
    let directory = infrastructure.state().directory();
    // As the owner: only that may have statistics made of what was inserted.
    let connect = async |service| {
        let connection = PgConnection::connect(&infrastructure.owner_url(service)).await;
        connection.map_err(|error| UpError::demo(service, error, directory))
    };
    let sql = |service| move |error: sqlx::Error| UpError::demo(service, error, directory);
    let problem =
        |service| move |problem: Problem| UpError::demo(service, sqlx::Error::Protocol(problem.to_string()), directory);
    let auth = async {
        let mut connection = connect(ServiceName::Auth).await?;
        auth_service::demo::seed(&mut connection, now).await.map_err(problem(ServiceName::Auth))
    };
    let user = async {
        let mut connection = connect(ServiceName::User).await?;
        user_service::demo::seed(&mut connection, now).await.map_err(sql(ServiceName::User))
    };
    tokio::try_join!(auth, user)?;
    let Demo::Shop { products } = demo else { return Ok(()) };
    let product = async {
        let mut connection = connect(ServiceName::Product).await?;
        match products {
            0 => product_service::demo::seed(&mut connection, now).await,
            count => product_service::demo::generate(&mut connection, count as usize, now).await,
        }
        .map(drop)
        .map_err(problem(ServiceName::Product))
    };
    let discount = async {
        let mut connection = connect(ServiceName::Discount).await?;
        discount_service::demo::seed(&mut connection, now).await.map_err(sql(ServiceName::Discount))
    };
    let shipping = async {
        let mut connection = connect(ServiceName::Shipping).await?;
        shipping_service::demo::seed(&mut connection, now).await.map_err(sql(ServiceName::Shipping))
    };
    tokio::try_join!(product, discount, shipping)?;
    Ok(())
}
