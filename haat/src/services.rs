//! The eleven services.

use platform::service::Service;
use types::ServiceName;

/// All of them, in the order of their ports.
pub fn all() -> Vec<Service> {
    ServiceName::ALL.iter().map(|name| one(*name)).collect()
}

pub fn one(name: ServiceName) -> Service {
    match name {
        ServiceName::Gateway => gateway_service::service(),
        ServiceName::Auth => auth_service::service(),
        ServiceName::User => user_service::service(),
        ServiceName::Product => product_service::service(),
        ServiceName::Cart => cart_service::service(),
        ServiceName::Order => order_service::service(),
        ServiceName::Payment => payment_service::service(),
        ServiceName::Notification => notification_service::service(),
        ServiceName::Discount => discount_service::service(),
        ServiceName::Shipping => shipping_service::service(),
        ServiceName::Return => return_service::service(),
    }
}
