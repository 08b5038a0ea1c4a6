//! What the service's handlers share.

use std::sync::Arc;
use std::time::Duration;

use platform::client::Client;
use platform::db::Db;
use platform::env::Env;
use platform::service::{App, AppEnv, BootError, Context};
use types::Timestamp;

use crate::domain::{Gstin, Seller};

/// Cheap to clone.
#[derive(Clone)]
pub struct Orders {
    context: Context,
    pub(crate) db: Db,
    pub(crate) settings: Arc<Settings>,
}

pub(crate) struct Settings {
    /// How long a customer may take to pay.
    pub payment_window: Duration,
    /// How long a checkout or a settlement is left to whoever began it, before it counts as given up: longer than a request and
    /// its last statement may take.
    pub lease: Duration,
    pub seller: Seller,
}

impl App for Orders {
    fn new(context: Context, env: &Env) -> Result<Self, BootError> {
        let settings = Settings {
            payment_window: env.seconds("ORDER_PAYMENT_WINDOW", Duration::from_secs(15 * 60))?,
            lease: env.seconds("ORDER_LEASE", Duration::from_secs(20))?,
            seller: seller(context.app_env(), env)?,
        };
        crate::counters::begin();
        Ok(Orders { db: context.database()?, settings: Arc::new(settings), context })
    }

    fn context(&self) -> &Context {
        &self.context
    }
}

impl Orders {
    pub(crate) fn now(&self) -> Timestamp {
        self.context.now()
    }

    pub(crate) fn client(&self) -> &Client {
        self.context.client()
    }
}

/// Invoices need a real seller; only on a developer's machine is there one by default.
fn seller(app_env: AppEnv, env: &Env) -> Result<Seller, BootError> {
    let local = app_env == AppEnv::Local;
    let text = |name: &str, expected: &str, default: &str| match env.text(name) {
        None if local => Ok(default.to_owned()),
        _ => env.required::<String>(name, expected),
    };
    Ok(Seller {
        name: text("ORDER_SELLER_NAME", "the seller's legal name, for invoices", "Haat Demonstration Private Limited")?,
        gstin: match env.optional("ORDER_SELLER_GSTIN")? {
            None if local => Gstin::demonstration(),
            Some(gstin) => gstin,
            None => env.required("ORDER_SELLER_GSTIN", "the seller's GST identification number, for invoices")?,
        },
        address: text("ORDER_SELLER_ADDRESS", "the seller's address, for invoices", "HITEC City, Hyderabad 500081")?,
    })
}
