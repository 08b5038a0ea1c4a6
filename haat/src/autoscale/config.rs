//! What the environment says.

use std::collections::BTreeMap;
use std::str::FromStr;

use platform::env::{Env, EnvError};
use platform::topology::{EnvironmentName, Topology, TopologyError};
use types::ServiceName;

use super::kubernetes::LeaseName;
use super::policy::{Rules, RulesError, THRESHOLD};

#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    #[error(transparent)]
    Env(#[from] EnvError),
    #[error(transparent)]
    Topology(#[from] TopologyError),
    #[error(transparent)]
    Rules(#[from] RulesError),
    #[error("OCI_DATABASES: {0}")]
    Databases(String),
}

pub struct Config {
    /// OCIDs of the database systems.
    pub databases: BTreeMap<ServiceName, String>,
    /// Their compartment's OCID.
    pub compartment: String,
    pub rules: Rules,
    pub lease: LeaseName,
    pub port: u16,
}

impl Config {
    /// Reads `APP_ENV`, `OCI_COMPARTMENT`, `OCI_DATABASES`, `AUTOSCALE_MAXIMUM_OCPUS`, `AUTOSCALE_LEASE` and `AUTOSCALE_PORT`.
    ///
    /// # Errors
    /// If one is malformed, or the databases are not exactly those of the map.
    pub fn from_env(env: &Env) -> Result<Self, ConfigError> {
        let topology = Topology::embedded()?;
        let environment: EnvironmentName = env.required("APP_ENV", "production, staging or development")?;
        let bounds = topology.environment(environment).database.ocpus;
        // What the shape offers; the map says what the environment may have.
        let offered = env.value("AUTOSCALE_MAXIMUM_OCPUS", bounds.max)?;
        let systems = env.list("OCI_DATABASES")?;
        let default = LeaseName { namespace: "ecommerce".to_owned(), name: "autoscale".to_owned() };
        Ok(Config {
            databases: databases(topology, systems)?,
            compartment: env.required("OCI_COMPARTMENT", "the OCID of the environment's compartment")?,
            rules: Rules::new(bounds.min, bounds.max.min(offered), THRESHOLD)?,
            lease: env.optional("AUTOSCALE_LEASE")?.unwrap_or(default),
            port: env.value("AUTOSCALE_PORT", 3011)?,
        })
    }
}

/// `service=OCID`.
struct Named(ServiceName, String);

impl FromStr for Named {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (service, id) = text.split_once('=').ok_or("service=OCID is expected")?;
        let service = service.trim().parse::<ServiceName>().map_err(|error| error.to_string())?;
        if !id.starts_with("ocid1.postgresqldbsystem.") {
            return Err("the OCID of a database system begins with ocid1.postgresqldbsystem.".to_owned());
        }
        Ok(Named(service, id.to_owned()))
    }
}

/// One for each service that has a database, and no system twice: it would be changed twice.
fn databases(topology: &Topology, systems: Vec<Named>) -> Result<BTreeMap<ServiceName, String>, ConfigError> {
    let mut databases: BTreeMap<ServiceName, String> = BTreeMap::new();
    for Named(service, id) in systems {
        if !topology.service(service).database {
            return Err(ConfigError::Databases(format!("{service} has no database")));
        }
        if databases.values().any(|other| *other == id) {
            return Err(ConfigError::Databases(format!("{id} stands twice")));
        }
        if databases.insert(service, id).is_some() {
            return Err(ConfigError::Databases(format!("{service} stands twice")));
        }
    }
    let missing: Vec<&str> = topology
        .services()
        .filter(|service| service.database && !databases.contains_key(&service.name))
        .map(|service| service.name.as_str())
        .collect();
    if missing.is_empty() {
        return Ok(databases);
    }
    Err(ConfigError::Databases(format!("missing: {}; service=OCID is expected for each", missing.join(", "))))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(environment: &str, change: impl FnOnce(&mut BTreeMap<String, String>)) -> Result<Config, ConfigError> {
        let topology = Topology::embedded().unwrap();
        let databases = topology.services().filter(|s| s.database);
        let databases: Vec<String> =
            databases.map(|s| format!("{0}=ocid1.postgresqldbsystem.oc1..{0}", s.name)).collect();
        let mut values = BTreeMap::from([
            ("APP_ENV".to_owned(), environment.to_owned()),
            ("OCI_COMPARTMENT".to_owned(), "ocid1.compartment.oc1..c".to_owned()),
            ("OCI_DATABASES".to_owned(), databases.join(",")),
        ]);
        change(&mut values);
        Config::from_env(&Env::from_values(values))
    }

    fn told(change: impl FnOnce(&mut BTreeMap<String, String>)) -> String {
        of("production", change).err().map(|error| error.to_string()).unwrap_or_default()
    }

    #[test]
    fn the_map_bounds_each_environment_and_the_shape_may_bound_it_more() {
        let sizes = |config: Config| config.rules.sizes().collect::<Vec<_>>();
        assert_eq!(sizes(of("production", |_| ()).unwrap()), [2, 4, 8, 16, 32, 64, 128]);
        assert_eq!(sizes(of("staging", |_| ()).unwrap()), [2, 4, 8, 16]);
        assert_eq!(sizes(of("development", |_| ()).unwrap()), [2, 4]);
        let offered = |ocpus: &'static str| {
            move |values: &mut BTreeMap<String, String>| {
                values.insert("AUTOSCALE_MAXIMUM_OCPUS".to_owned(), ocpus.to_owned());
            }
        };
        assert_eq!(sizes(of("production", offered("94")).unwrap()), [2, 4, 8, 16, 32, 64, 94]);
        assert_eq!(sizes(of("development", offered("94")).unwrap()), [2, 4]);
        assert!(told(offered("1")).contains("no range to scale in"));
    }

    #[test]
    fn the_threshold_is_no_higher_than_any_alarm_so_that_scaling_comes_first() {
        for environment in Topology::embedded().unwrap().environments() {
            assert!(THRESHOLD <= environment.alarms.database_cpu, "{}", environment.name);
        }
    }

    #[test]
    fn each_database_is_named_once() {
        let config = of("production", |_| ()).unwrap();
        assert_eq!(config.databases.len(), 10);
        assert_eq!((config.port, config.lease.name.as_str()), (3011, "autoscale"));
        let edit = |from: &'static str, to: &'static str| {
            told(move |values| {
                let databases = values.get_mut("OCI_DATABASES").unwrap();
                *databases = databases.replace(from, to);
            })
        };
        assert!(edit("auth=", "gateway=").contains("gateway has no database"));
        assert!(edit("auth=ocid1.postgresqldbsystem.oc1..auth,", "").contains("missing: auth"));
        assert!(edit("oc1..auth", "oc1..cart").contains("oc1..cart stands twice"));
        assert!(edit("auth=", "cart=").contains("cart stands twice"));
        assert!(edit("auth=ocid1.postgresqldbsystem", "auth=ocid1.instance").contains("begins with"));
        assert!(edit("auth=", "auth:").contains("service=OCID is expected"));
        assert!(told(|values| drop(values.remove("APP_ENV"))).contains("APP_ENV is not set"));
        assert!(told(|values| drop(values.remove("OCI_COMPARTMENT"))).contains("OCI_COMPARTMENT is not set"));
    }
}
