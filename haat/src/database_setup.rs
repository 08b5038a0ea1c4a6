//! A service's database on a server of its own: `haat database-setup`. What `haat up` makes on this machine, made elsewhere.

use std::process::ExitCode;

use local::{Database, Login};
use platform::env::{Env, EnvError};
use reqwest::Url;
use types::ServiceName;

use crate::services;

const EXAMPLE: &str = "postgres://user:password@host:port/database";

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error(transparent)]
    Env(#[from] EnvError),
    /// Says nothing of what stands in the address.
    #[error("{service}: {variable}: {reason}")]
    Address { service: ServiceName, variable: &'static str, reason: &'static str },
    #[error("{0}: DATABASE_OWNER_URL and DATABASE_URL name different databases, {1} and {2}")]
    Databases(ServiceName, String, String),
    #[error("{0}: the administrator, the owner and the service must be three roles, and {1} is named twice")]
    Roles(ServiceName, String),
    #[error("{0} and {1} have the same database; each needs its own variables, such as {own}_DATABASE_URL", own = .1.as_str().to_uppercase())]
    Shared(ServiceName, ServiceName),
    #[error("{service}: PostgreSQL does not let the administrator set the database up: {error}")]
    Refused { service: ServiceName, error: sqlx::Error },
}

/// Makes what is missing of the services' databases and roles, and sets the roles' passwords: those in the addresses. So it is also
/// how a password is changed. Connects to the address of the administrator only (`DATABASE_ADMIN_URL`), who may make roles and
/// databases and need be no superuser; the hosts in `DATABASE_OWNER_URL` and `DATABASE_URL` are not asked.
pub async fn run(names: &[ServiceName], env: &Env) -> Result<ExitCode, Error> {
    // Everything is read before anything is changed.
    let mut setups: Vec<Setup> = Vec::new();
    for name in names {
        if services::one(*name).migrations.is_none() {
            tracing::info!(service = %name, "has no database");
            continue;
        }
        let setup = Setup::from_env(*name, &env.for_service(*name))?;
        let same = |other: &&Setup| other.administrator == setup.administrator && other.name() == setup.name();
        if let Some(other) = setups.iter().find(same) {
            return Err(Error::Shared(other.service, setup.service));
        }
        setups.push(setup);
    }
    for Setup { service, administrator, database } in setups {
        let refused = |error| Error::Refused { service, error };
        local::set_up_databases(&administrator, std::slice::from_ref(&database)).await.map_err(refused)?;
        tracing::info!(%service, database = database.name, owner = database.owner.role, role = database.service.role, "set up");
    }
    Ok(ExitCode::SUCCESS)
}

struct Setup {
    service: ServiceName,
    administrator: String,
    database: Database,
}

impl Setup {
    fn from_env(service: ServiceName, env: &Env) -> Result<Self, Error> {
        let address = |variable| Address::from_env(service, variable, env);
        let administrator = address("DATABASE_ADMIN_URL")?;
        let (owner, user) = (address("DATABASE_OWNER_URL")?, address("DATABASE_URL")?);
        if owner.database != user.database {
            return Err(Error::Databases(service, owner.database, user.database));
        }
        let roles = [&administrator.login.role, &owner.login.role, &user.login.role];
        if let Some(twice) = roles.iter().enumerate().find_map(|(at, role)| roles[..at].contains(role).then_some(role))
        {
            return Err(Error::Roles(service, (*twice).clone()));
        }
        let database = Database { name: user.database, owner: owner.login, service: user.login };
        Ok(Setup { service, administrator: administrator.url, database })
    }

    fn name(&self) -> &str {
        &self.database.name
    }
}

/// What an address of PostgreSQL says.
struct Address {
    url: String,
    login: Login,
    database: String,
}

impl Address {
    fn from_env(service: ServiceName, variable: &'static str, env: &Env) -> Result<Self, Error> {
        let url: String = env.required(variable, EXAMPLE)?;
        Self::parse(url).map_err(|reason| Error::Address { service, variable, reason })
    }

    fn parse(text: String) -> Result<Self, &'static str> {
        let url = Url::parse(&text).ok().filter(|url| ["postgres", "postgresql"].contains(&url.scheme()));
        let url = url.ok_or("an address such as postgres://user:password@host:port/database is expected")?;
        let part = |encoded: &str, missing| decoded(encoded).filter(|part| !part.is_empty()).ok_or(missing);
        let role = part(url.username(), "the user is missing")?;
        let password = part(url.password().unwrap_or_default(), "the password is missing")?;
        let database = part(url.path().trim_start_matches('/'), "the database is missing")?;
        // PostgreSQL would prepare others in a way of its own (SASLprep) before it compares them.
        if !password.is_ascii() {
            return Err("the password has characters that are not ASCII");
        }
        Ok(Address { login: Login { role, password }, database, url: text })
    }
}

/// RFC 3986's percent-encoding, undone. `None` if that is no text.
fn decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'%' => {
                let digits = [rest.next()?, rest.next()?];
                u8::from_str_radix(std::str::from_utf8(&digits).ok()?, 16).ok()?
            }
            other => other,
        });
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_taken_apart_as_the_driver_does() {
        let address = Address::parse("postgres://or%22der:p%40s%2Fs%25@db:5432/my%20shop?sslmode=require".to_owned());
        let Address { login, database, .. } = address.unwrap_or_else(|reason| panic!("{reason}"));
        assert_eq!((login.role.as_str(), login.password.as_str(), database.as_str()), ("or\"der", "p@s/s%", "my shop"));
    }

    #[test]
    fn what_an_address_lacks_is_said_without_what_it_has() {
        for (url, reason) in [
            ("postgres://:secret@db/shop", "the user is missing"),
            ("postgres://order@db/shop", "the password is missing"),
            ("postgres://order:secret@db", "the database is missing"),
            ("postgres://order:s%C3%A4cret@db/shop", "the password has characters that are not ASCII"),
            ("postgres://order:%zz@db/shop", "the password is missing"),
            ("order:secret@db", "an address such as postgres://user:password@host:port/database is expected"),
        ] {
            assert_eq!(Address::parse(url.to_owned()).err(), Some(reason), "{url}");
        }
    }
}
