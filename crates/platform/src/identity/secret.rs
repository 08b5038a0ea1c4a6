//! Values that must not reach a log.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A password, key, token or code. Printed as `[secret]`; it can be received but, on purpose, not serialised.
#[derive(Clone, Deserialize)]
#[serde(transparent)]
pub struct Secret<T>(T);

impl<T> Secret<T> {
    pub fn new(value: T) -> Self {
        Secret(value)
    }

    /// The value itself. Every use of this is a place to look at in a review.
    pub fn expose(&self) -> &T {
        &self.0
    }

    pub fn into_exposed(self) -> T {
        self.0
    }
}

impl<T> fmt::Debug for Secret<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[secret]")
    }
}

impl<T> fmt::Display for Secret<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[secret]")
    }
}

impl<T: FromStr> FromStr for Secret<T> {
    type Err = T::Err;
    fn from_str(text: &str) -> Result<Self, T::Err> {
        text.parse().map(Secret)
    }
}

/// Something about a person: an e-mail address, a phone number, a name. Printed as `[personal]`; it may be sent to those
/// who are to have it.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Personal<T>(pub T);

impl<T> Personal<T> {
    pub fn get(&self) -> &T {
        &self.0
    }
}

impl<T> fmt::Debug for Personal<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[personal]")
    }
}

impl<T> From<T> for Personal<T> {
    fn from(value: T) -> Self {
        Personal(value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neither_a_secret_nor_personal_data_is_printed() {
        #[derive(Debug, Deserialize)]
        #[allow(dead_code, reason = "read through Debug only")]
        struct Login {
            email: Personal<String>,
            password: Secret<String>,
        }
        let login: Login = serde_json::from_str(r#"{"email":"asha@example.in","password":"hunter2"}"#).unwrap();
        assert_eq!(format!("{login:?}"), "Login { email: [personal], password: [secret] }");
        assert_eq!(format!("{}", login.password), "[secret]");
        assert_eq!(login.password.expose(), "hunter2");
        assert_eq!(serde_json::to_string(&login.email).unwrap(), r#""asha@example.in""#);
    }
}
