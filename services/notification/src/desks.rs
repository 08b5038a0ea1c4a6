//! Where the staff's desks get their mail.

use platform::env::Env;
use platform::service::{AppEnv, BootError};

use crate::domain::Desk;

/// The addresses that are set.
pub struct Desks {
    stock: Option<String>,
    catalogue: Option<String>,
}

impl Desks {
    /// `NOTIFICATION_STOCK_EMAIL` and `NOTIFICATION_CATALOGUE_EMAIL`; a developer's machine has both.
    ///
    /// # Errors
    /// One is not an e-mail address.
    pub fn from_env(env: &Env, app_env: AppEnv) -> Result<Self, BootError> {
        let address = |name: &str, local: &str| match env.text(name) {
            Some(text) => match text.parse::<lettre::Address>() {
                Ok(_) => Ok(Some(text)),
                Err(error) => Err(BootError::Other(format!("{name}: {error}"))),
            },
            None => Ok((app_env == AppEnv::Local).then(|| local.to_owned())),
        };
        Ok(Desks {
            stock: address("NOTIFICATION_STOCK_EMAIL", "stock@haat.example")?,
            catalogue: address("NOTIFICATION_CATALOGUE_EMAIL", "catalogue@haat.example")?,
        })
    }

    pub fn address(&self, desk: Desk) -> Option<&str> {
        match desk {
            Desk::Stock => self.stock.as_deref(),
            Desk::Catalogue => self.catalogue.as_deref(),
        }
    }
}
