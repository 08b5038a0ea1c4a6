//! Demo data, each service's own. Done again, it changes nothing.

use platform::Problem;
use sqlx::{Connection as _, PgConnection};
use types::{ServiceName, Timestamp};

use super::{Infrastructure, UpError};

/// `products`: so many generated ones beside the shop's own, for measurements.
pub(super) async fn seed(infrastructure: &Infrastructure, now: Timestamp, products: u32) -> Result<(), UpError> {
    let connect = async |service| {
        let connection = PgConnection::connect(&infrastructure.service_url(service)).await;
        connection.map_err(|error| UpError::Demo(service, error))
    };
    let sql = |service| move |error: sqlx::Error| UpError::Demo(service, error);
    let problem = |service| move |problem: Problem| UpError::Demo(service, sqlx::Error::Protocol(problem.to_string()));
    let auth = async {
        let mut connection = connect(ServiceName::Auth).await?;
        auth_service::demo::seed(&mut connection, now).await.map_err(problem(ServiceName::Auth))
    };
    let user = async {
        let mut connection = connect(ServiceName::User).await?;
        user_service::demo::seed(&mut connection, now).await.map_err(sql(ServiceName::User))
    };
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
    tokio::try_join!(auth, user, product, discount, shipping)?;
    Ok(())
}
