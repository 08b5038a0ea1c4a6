//! People with an account, logged in, with an address.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio::task::JoinSet;
use uuid::Uuid;

use crate::error::Error;
use crate::http::{Connection, Person, Unexpected};

const PASSWORD: &str = "a-long-enough-password";
/// Registered side by side: passwords are hashed slowly on purpose, and no more at once than there are processors.
const AT_ONCE: usize = 8;
/// An access token lives for fifteen minutes; what follows a log-in must not outlast it.
const FRESH: Duration = Duration::from_secs(8 * 60);

#[derive(Clone)]
pub struct Customer {
    pub person: Person,
    pub address_id: String,
    email: String,
    logged_in: Instant,
}

/// New customers, all of whose registrations have had their effects.
pub async fn register(address: SocketAddr, count: usize) -> Result<Vec<Customer>, Error> {
    side_by_side(address, vec![(); count], |mut connection, ()| async move {
        let customer = one(&mut connection).await?;
        Ok((connection, customer))
    })
    .await
}

/// The same customers, with tokens that last for the next measurement.
pub async fn log_in_again(address: SocketAddr, customers: Vec<Customer>) -> Result<Vec<Customer>, Error> {
    if customers.iter().all(|customer| customer.logged_in.elapsed() < FRESH) {
        return Ok(customers);
    }
    side_by_side(address, customers, |mut connection, mut customer| async move {
        customer.person = log_in(&mut connection, &customer.email).await?;
        customer.logged_in = Instant::now();
        Ok((connection, customer))
    })
    .await
}

async fn side_by_side<I, F>(
    address: SocketAddr,
    all: Vec<I>,
    work: impl Fn(Connection, I) -> F + Clone + Send + 'static,
) -> Result<Vec<Customer>, Error>
where
    I: Send + 'static,
    F: Future<Output = Result<(Connection, Customer), Unexpected>> + Send,
{
    let mut shares: Vec<Vec<I>> = (0..AT_ONCE).map(|_| Vec::new()).collect();
    for (n, one) in all.into_iter().enumerate() {
        shares[n % AT_ONCE].push(one);
    }
    let mut tasks = JoinSet::new();
    for share in shares {
        let work = work.clone();
        tasks.spawn(async move {
            let (mut connection, mut done) = (Connection::new(address), Vec::new());
            for one in share {
                let customer;
                (connection, customer) = work(connection, one).await?;
                done.push(customer);
            }
            Ok::<_, Unexpected>(done)
        });
    }
    let mut customers = Vec::new();
    while let Some(done) = tasks.join_next().await {
        customers.extend(done.map_err(|error| Error::failed(format!("a customer died: {error}")))??);
    }
    Ok(customers)
}

async fn one(connection: &mut Connection) -> Result<Customer, Unexpected> {
    let email = format!("bench-{}@haat.example", Uuid::new_v4().simple());
    let registration = json!({ "name": "Asha Rao", "email": email, "password": PASSWORD });
    connection.post("/api/v1/auth/register", &Person::default(), &registration).await?;
    let person = log_in(connection, &email).await?;
    let saved = connection.post("/api/v1/users/me/addresses", &person, &address()).await?;
    let address_id = saved.json()["id"].as_str().unwrap_or_default().to_owned();
    Ok(Customer { person, address_id, email, logged_in: Instant::now() })
}

async fn log_in(connection: &mut Connection, email: &str) -> Result<Person, Unexpected> {
    let login = json!({ "email": email, "password": PASSWORD });
    let path = "/api/v1/auth/login";
    let tokens = connection.post(path, &Person::default(), &login).await?;
    let json = tokens.json();
    let token = json["access_token"].as_str();
    tokens.expect("POST", path, token.is_some())?;
    Ok(Person::with_token(token.unwrap_or_default()))
}

fn address() -> Value {
    json!({
        "name": "Asha Rao", "phone": "+919876543210", "line1": "12-2-417, Street 4", "city": "Hyderabad",
        "state": "36", "pin_code": "500028",
    })
}
