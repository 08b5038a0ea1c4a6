//! Hashing passwords: slow on purpose, so on threads of its own and never more at once than there are processors.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{Error, PasswordHasher, PasswordVerifier};
use argon2::{Algorithm, Argon2, Params, Version};
use platform::env::{Env, EnvError};
use platform::{Problem, Result};
use tokio::sync::Semaphore;

/// How long a request waits for its turn before it is asked to come back.
const PATIENCE: Duration = Duration::from_secs(3);

/// Argon2id (RFC 9106). Cheap to clone; clones share the turns.
#[derive(Clone)]
pub struct Passwords(Arc<Inner>);

struct Inner {
    argon2: Argon2<'static>,
    turns: Arc<Semaphore>,
    /// What a password is held against when there is no account.
    nobodys: OnceLock<String>,
}

/// With the costs of [`Passwords::from_env`] in an empty environment, which are also the library's own.
impl Default for Passwords {
    fn default() -> Self {
        Self::with(Params::DEFAULT)
    }
}

/// The outcome of a good password.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Matched {
    Current,
    /// It was hashed with other costs than today's: hash it anew while it is known.
    Outdated,
}

impl Passwords {
    /// `AUTH_ARGON2_MEMORY_KIB` (19 MiB, with two passes and one lane: OWASP's first choice), `AUTH_ARGON2_PASSES`.
    pub fn from_env(env: &Env) -> Result<Self, EnvError> {
        const MEMORY: &str = "AUTH_ARGON2_MEMORY_KIB";
        let (memory, passes) = (env.value(MEMORY, 19 * 1024)?, env.value("AUTH_ARGON2_PASSES", 2)?);
        let params = Params::new(memory, passes, 1, None)
            .map_err(|error| EnvError::Malformed { name: MEMORY.to_owned(), reason: error.to_string() })?;
        Ok(Self::with(params))
    }

    fn with(params: Params) -> Self {
        let turns = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        Passwords(Arc::new(Inner {
            argon2: Argon2::new(Algorithm::Argon2id, Version::V0x13, params),
            turns: Arc::new(Semaphore::new(turns)),
            nobodys: OnceLock::new(),
        }))
    }

    /// As a PHC string.
    ///
    /// # Errors
    /// 503 when too many are waiting.
    pub async fn hash(&self, password: &str) -> Result<String> {
        let password = password.to_owned();
        self.in_turn(move |inner| inner.hash(&password)).await?.map_err(Problem::internal)
    }

    /// Is it the password that was hashed? With no hash it is compared all the same, so that the time does not tell whether
    /// there is an account.
    ///
    /// # Errors
    /// 503 when too many are waiting.
    pub async fn verify(&self, password: &str, hash: Option<String>) -> Result<Option<Matched>> {
        let password = password.to_owned();
        self.in_turn(move |inner| inner.verify(&password, hash.as_deref())).await?.map_err(Problem::internal)
    }

    async fn in_turn<T: Send + 'static>(&self, work: impl FnOnce(&Inner) -> T + Send + 'static) -> Result<T> {
        let turn = tokio::time::timeout(PATIENCE, self.0.turns.clone().acquire_owned())
            .await
            .map_err(|_| Problem::unavailable("too many passwords wait to be hashed"))?
            .map_err(Problem::internal)?;
        let inner = Arc::clone(&self.0);
        // The turn goes with the work: a client that goes away does not end it.
        let work = tokio::task::spawn_blocking(move || {
            let result = work(&inner);
            drop(turn);
            result
        });
        work.await.map_err(Problem::internal)
    }
}

impl Inner {
    fn hash(&self, password: &str) -> Result<String, Error> {
        let hash: PasswordHash = self.argon2.hash_password(password.as_bytes())?;
        Ok(hash.to_string())
    }

    fn verify(&self, password: &str, hash: Option<&str>) -> Result<Option<Matched>, Error> {
        let Some(hash) = hash else {
            let nobodys = match self.nobodys.get() {
                Some(hash) => hash,
                None => {
                    let hash = self.hash("nobody has this password")?;
                    self.nobodys.get_or_init(|| hash)
                }
            };
            let _nobodys = self.matches(password, nobodys)?;
            return Ok(None);
        };
        self.matches(password, hash)
    }

    fn matches(&self, password: &str, hash: &str) -> Result<Option<Matched>, Error> {
        let hash = PasswordHash::new(hash).map_err(|_| Error::EncodingInvalid)?;
        match self.argon2.verify_password(password.as_bytes(), &hash) {
            Ok(()) => {
                let costs = Params::try_from(&hash)?;
                let today = self.argon2.params();
                let same = (costs.m_cost(), costs.t_cost()) == (today.m_cost(), today.t_cost());
                Ok(Some(if same { Matched::Current } else { Matched::Outdated }))
            }
            Err(Error::PasswordInvalid) => Ok(None),
            Err(error) => Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn passwords(memory: &str) -> Passwords {
        Passwords::from_env(&Env::from_values([("AUTH_ARGON2_MEMORY_KIB".to_owned(), memory.to_owned())])).unwrap()
    }

    #[tokio::test]
    async fn only_the_password_itself_matches_its_hash() {
        let passwords = passwords("64");
        let hash = passwords.hash("correct horse").await.unwrap();
        assert!(hash.starts_with("$argon2id$v=19$m=64,t=2,p=1$"), "{hash}");
        assert_ne!(hash, passwords.hash("correct horse").await.unwrap(), "each hash has a salt of its own");
        assert_eq!(passwords.verify("correct horse", Some(hash.clone())).await.unwrap(), Some(Matched::Current));
        assert_eq!(passwords.verify("correct horse ", Some(hash.clone())).await.unwrap(), None);
        assert_eq!(passwords.verify("nobody has this password", None).await.unwrap(), None);
        let dearer = self::passwords("128");
        assert_eq!(dearer.verify("correct horse", Some(hash)).await.unwrap(), Some(Matched::Outdated));
    }

    #[test]
    fn costs_that_argon2_does_not_know_are_refused_at_the_start() {
        let env = Env::from_values([("AUTH_ARGON2_MEMORY_KIB".to_owned(), "1".to_owned())]);
        assert!(Passwords::from_env(&env).err().unwrap().to_string().starts_with("AUTH_ARGON2_MEMORY_KIB: "));
    }

    #[tokio::test]
    async fn the_costs_are_owasps_unless_told_otherwise() {
        for passwords in [Passwords::from_env(&Env::from_values([])).unwrap(), Passwords::default()] {
            assert!(passwords.hash("correct horse").await.unwrap().starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
        }
    }
}
