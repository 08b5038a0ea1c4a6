//! What the environment says.

use std::sync::Arc;
use std::time::Duration;

use platform::db::Db;
use platform::env::{Env, EnvError};
use platform::identity::Secret;
use platform::service::{AppEnv, BootError, Context};
use types::ServiceName;

use crate::provider::razorpay::{Razorpay, RazorpayConfig};
use crate::provider::{Provider, ProviderName};
use crate::sandbox::{Sandbox, SandboxConfig};

#[derive(Clone, Debug)]
pub struct Settings {
    /// `PAYMENT_POLL_AFTER`: an undecided attempt is asked about after so long, then after twice that, and so on.
    pub poll_after: Duration,
    /// `PAYMENT_ATTEMPT_WINDOW`: a customer who has not acted by then has gone; another attempt may begin.
    pub attempt_window: Duration,
    /// `PAYMENT_PROVIDER_TIME`: how long the provider may take to answer.
    pub provider_time: Duration,
    /// `PAYMENT_WEBHOOK_MEMORY`: raw webhooks are kept for so long. By default 180 days: card schemes let a customer dispute a
    /// payment for 120 days, and what the provider said is the evidence.
    pub webhook_memory: Duration,
}

impl Settings {
    pub fn from_env(env: &Env) -> Result<Self, EnvError> {
        Ok(Settings {
            poll_after: env.seconds("PAYMENT_POLL_AFTER", Duration::from_secs(10))?,
            attempt_window: env.seconds("PAYMENT_ATTEMPT_WINDOW", Duration::from_secs(20 * 60))?,
            provider_time: env.seconds("PAYMENT_PROVIDER_TIME", Duration::from_secs(6))?,
            webhook_memory: env.seconds("PAYMENT_WEBHOOK_MEMORY", Duration::from_secs(180 * 24 * 3600))?,
        })
    }
}

/// The provider that `PAYMENT_PROVIDER` names.
#[derive(Clone)]
pub enum Configured {
    Sandbox(Arc<Sandbox>),
    Razorpay(Arc<Razorpay>),
}

impl Configured {
    pub fn from_env(env: &Env, context: &Context, db: &Db) -> Result<Self, BootError> {
        let production = context.app_env() == AppEnv::Production;
        let name = match env.optional("PAYMENT_PROVIDER")? {
            Some(name) => name,
            None if production => env.required("PAYMENT_PROVIDER", "razorpay")?,
            None => ProviderName::Sandbox,
        };
        match name {
            ProviderName::Sandbox if production => {
                Err(BootError::Other("PAYMENT_PROVIDER: the sandbox is not for production".to_owned()))
            }
            ProviderName::Sandbox => {
                let config = sandbox(env, context)?;
                let sandbox = Sandbox::new(db.clone(), context.clock().clone(), config);
                Ok(Configured::Sandbox(Arc::new(sandbox.map_err(|e| BootError::Other(e.to_string()))?)))
            }
            ProviderName::Razorpay => {
                let razorpay = Razorpay::new(razorpay(env)?).map_err(|e| BootError::Other(e.to_string()))?;
                Ok(Configured::Razorpay(Arc::new(razorpay)))
            }
        }
    }

    pub fn provider(&self) -> &dyn Provider {
        match self {
            Configured::Sandbox(sandbox) => &**sandbox,
            Configured::Razorpay(razorpay) => &**razorpay,
        }
    }

    pub fn sandbox(&self) -> Option<&Sandbox> {
        match self {
            Configured::Sandbox(sandbox) => Some(sandbox),
            Configured::Razorpay(_) => None,
        }
    }

    pub fn razorpay(&self) -> Option<&Razorpay> {
        match self {
            Configured::Razorpay(razorpay) => Some(razorpay),
            Configured::Sandbox(_) => None,
        }
    }
}

fn sandbox(env: &Env, context: &Context) -> Result<SandboxConfig, EnvError> {
    let own = context.client().addresses().of(ServiceName::Payment);
    let webhook_url = env.value("PAYMENT_WEBHOOK_URL", format!("{own}/api/v1/payments/webhooks/sandbox"))?;
    let secret = match env.optional("PAYMENT_SANDBOX_SECRET")? {
        Some(secret) => secret,
        // Whoever knows the secret can declare an order paid, so only a developer's machine has one by default.
        None if context.app_env() == AppEnv::Local => Secret::new("sandbox-webhook-secret".to_owned()),
        None => env.required("PAYMENT_SANDBOX_SECRET", "the key that the sandbox's webhooks are signed with")?,
    };
    Ok(SandboxConfig { webhook_url, webhook_secret: secret, return_url: env.text("PAYMENT_BACK_URL") })
}

fn razorpay(env: &Env) -> Result<RazorpayConfig, EnvError> {
    Ok(RazorpayConfig {
        base_url: env.value("RAZORPAY_URL", "https://api.razorpay.com".to_owned())?,
        key_id: env.required("RAZORPAY_KEY_ID", "the API key's id")?,
        key_secret: env.required("RAZORPAY_KEY_SECRET", "the API key's secret")?,
        webhook_secret: env.required("RAZORPAY_WEBHOOK_SECRET", "the key that Razorpay's webhooks are signed with")?,
        timeout: env.seconds("RAZORPAY_TIMEOUT", Duration::from_secs(5))?,
        return_url: env.text("PAYMENT_BACK_URL"),
    })
}
