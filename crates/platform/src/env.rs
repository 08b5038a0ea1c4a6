//! Configuration from environment variables: read once at start, typed, with defaults that stand beside the reading.
//!
//! A wrong value is refused with the variable's name, and so is a variable of ours (`HAAT_...`) that nothing reads: a
//! misspelt name would otherwise be a setting that silently does nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Display;
use std::str::FromStr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use types::ServiceName;

/// Variables whose names start so belong to Haat, and one that nothing reads is a mistake.
const PREFIX: &str = "HAAT_";

#[derive(Debug, thiserror::Error)]
pub enum EnvError {
    #[error("{name} is not set; {expected} is expected")]
    Missing { name: String, expected: String },
    #[error("{name}: {reason}")]
    Malformed { name: String, reason: String },
    #[error("{}", unknown(.0))]
    Unknown(Vec<String>),
}

fn unknown(names: &[String]) -> String {
    match names {
        [name] => format!("unknown variable {name}: nothing reads it; correct its name or unset it"),
        names => {
            format!("unknown variables {}: nothing reads them; correct their names or unset them", names.join(", "))
        }
    }
}

/// The environment as one service sees it. `PRODUCT_DATABASE_URL`, where it is set, stands before `DATABASE_URL` for the
/// service `product`, so that one process can serve several.
#[derive(Clone, Debug)]
pub struct Env {
    values: Arc<BTreeMap<String, String>>,
    service: Option<ServiceName>,
    read: Arc<Mutex<BTreeSet<String>>>,
}

impl Env {
    /// The process's environment.
    pub fn of_process() -> Self {
        Self::from_values(std::env::vars())
    }

    pub fn from_values(values: impl IntoIterator<Item = (String, String)>) -> Self {
        let values = values.into_iter().filter(|(_, value)| !value.is_empty()).collect();
        Env { values: Arc::new(values), service: None, read: Arc::default() }
    }

    /// The same environment seen by `service`; what it reads counts as read for the whole.
    pub fn for_service(&self, service: ServiceName) -> Self {
        Env { service: Some(service), ..self.clone() }
    }

    /// The same environment with these variables set or replaced.
    pub fn with(&self, values: impl IntoIterator<Item = (String, String)>) -> Self {
        let mut all = (*self.values).clone();
        all.extend(values);
        Env { values: Arc::new(all), ..self.clone() }
    }

    /// The same environment with this variable set if it was not.
    pub fn with_default(&self, name: &str, value: &str) -> Self {
        if self.values.contains_key(name) { self.clone() } else { self.with([(name.to_owned(), value.to_owned())]) }
    }

    /// The text of a variable, and the name it was found under.
    fn find(&self, name: &str) -> Option<(String, &str)> {
        let mut read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        read.insert(name.to_owned());
        let own = self.service.map(|s| format!("{}_{name}", s.as_str().to_uppercase()));
        if let Some(own) = own {
            read.insert(own.clone());
            if let Some(value) = self.values.get(&own) {
                return Some((own, value));
            }
        }
        self.values.get(name).map(|value| (name.to_owned(), value.as_str()))
    }

    pub fn text(&self, name: &str) -> Option<String> {
        self.find(name).map(|(_, value)| value.to_owned())
    }

    /// A value that may be absent.
    pub fn optional<T: FromStr<Err: Display>>(&self, name: &str) -> Result<Option<T>, EnvError> {
        let Some((name, text)) = self.find(name) else { return Ok(None) };
        match text.parse() {
            Ok(value) => Ok(Some(value)),
            Err(reason) => Err(EnvError::Malformed { name, reason: reason.to_string() }),
        }
    }

    /// A value with a default.
    pub fn value<T: FromStr<Err: Display>>(&self, name: &str, default: T) -> Result<T, EnvError> {
        Ok(self.optional(name)?.unwrap_or(default))
    }

    /// A value that must be there; `expected` says what it is, for the error.
    pub fn required<T: FromStr<Err: Display>>(&self, name: &str, expected: &str) -> Result<T, EnvError> {
        self.optional(name)?.ok_or_else(|| EnvError::Missing { name: name.to_owned(), expected: expected.to_owned() })
    }

    /// A duration in seconds, fractions allowed.
    pub fn seconds(&self, name: &str, default: Duration) -> Result<Duration, EnvError> {
        let Some((name, text)) = self.find(name) else { return Ok(default) };
        text.parse::<f64>()
            .ok()
            .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
            .ok_or_else(|| EnvError::Malformed { name, reason: format!("'{text}' is not a number of seconds") })
    }

    /// A comma-separated list; empty if unset.
    pub fn list<T: FromStr<Err: Display>>(&self, name: &str) -> Result<Vec<T>, EnvError> {
        let Some((name, text)) = self.find(name) else { return Ok(Vec::new()) };
        let parse = |item: &str| {
            item.trim()
                .parse()
                .map_err(|e: T::Err| EnvError::Malformed { name: name.clone(), reason: format!("'{item}': {e}") })
        };
        text.split(',').filter(|item| !item.trim().is_empty()).map(parse).collect()
    }

    /// The names that have been read so far, in order: what the manifests' configuration is held against.
    pub fn names_read(&self) -> Vec<String> {
        self.read.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect()
    }

    /// To be called once everything has been read.
    ///
    /// # Errors
    /// [`EnvError::Unknown`] names each `HAAT_` variable that is set and that nothing has read.
    pub fn refuse_unknown(&self) -> Result<(), EnvError> {
        let read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        let unknown: Vec<String> =
            self.values.keys().filter(|name| name.starts_with(PREFIX) && !read.contains(*name)).cloned().collect();
        if unknown.is_empty() { Ok(()) } else { Err(EnvError::Unknown(unknown)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn env(values: &[(&str, &str)]) -> Env {
        Env::from_values(values.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())))
    }

    #[test]
    fn a_services_own_variable_stands_before_the_shared_one() {
        let env = env(&[("PORT", "1"), ("PRODUCT_PORT", "2")]);
        assert_eq!(env.value("PORT", 0u16).unwrap(), 1);
        assert_eq!(env.for_service(ServiceName::Product).value("PORT", 0u16).unwrap(), 2);
        assert_eq!(env.for_service(ServiceName::Cart).value("PORT", 0u16).unwrap(), 1);
    }

    #[test]
    fn a_wrong_value_is_refused_with_the_variables_name() {
        let env = env(&[("CART_PORT", "many"), ("WAIT", "soon"), ("ROLES", "admin, king")]);
        let error = env.for_service(ServiceName::Cart).value("PORT", 0u16).unwrap_err().to_string();
        assert!(error.starts_with("CART_PORT: "), "{error}");
        assert_eq!(
            env.seconds("WAIT", Duration::ZERO).unwrap_err().to_string(),
            "WAIT: 'soon' is not a number of seconds"
        );
        assert!(env.list::<types::Role>("ROLES").unwrap_err().to_string().starts_with("ROLES: ' king': unknown role"));
        assert_eq!(
            env.required::<u16>("ABSENT", "a port").unwrap_err().to_string(),
            "ABSENT is not set; a port is expected"
        );
    }

    #[test]
    fn a_variable_of_ours_that_nothing_reads_is_refused() {
        let env = env(&[("HAAT_STATE", "/x"), ("HAAT_STAET", "/y"), ("PATH", "/bin")]);
        assert_eq!(env.text("HAAT_STATE").as_deref(), Some("/x"));
        assert_eq!(
            env.refuse_unknown().unwrap_err().to_string(),
            "unknown variable HAAT_STAET: nothing reads it; correct its name or unset it"
        );
    }
}
