//! Putting things into carts.

use std::sync::Arc;
use std::time::Instant;

use http::{HeaderValue, Method, StatusCode};
use rand::seq::IndexedRandom as _;
use serde_json::json;

use crate::catalogue::Catalogue;
use crate::http::{Connection, Person, Unexpected};
use crate::load::{Done, Work};

/// Then a customer empties the cart, which does not count, and a guest begins with another one.
const ADDITIONS: u32 = 10;
const ITEMS: &str = "/api/v1/cart/items";

/// Adds a piece of something again and again.
pub struct Shopper {
    pub catalogue: Arc<Catalogue>,
    pub person: Person,
    added: u32,
}

impl Shopper {
    pub fn new(catalogue: Arc<Catalogue>, person: Person) -> Self {
        // The first thing that it does is to begin anew.
        Shopper { catalogue, person, added: ADDITIONS }
    }

    async fn begin_anew(&mut self, connection: &mut Connection) -> Result<(), Unexpected> {
        self.added = 0;
        self.person.cart_token = None;
        if self.person.authorization.is_some() {
            empty(connection, &self.person).await?;
        }
        Ok(())
    }
}

impl Work for Shopper {
    async fn once(&mut self, connection: &mut Connection) -> Result<Done, Unexpected> {
        if self.added == ADDITIONS {
            self.begin_anew(connection).await?;
        }
        let variant = self.catalogue.variants.choose(&mut rand::rng()).map_or("", String::as_str);
        let line = json!({ "variant_id": variant, "quantity": 1 });
        let started = Instant::now();
        let answer = connection.post(ITEMS, &self.person, &line).await?;
        let took = started.elapsed();
        answer.expect("POST", ITEMS, answer.body.starts_with(b"{\"cart_id\":"))?;
        if self.person.authorization.is_none() && self.added == 0 {
            let token: Option<HeaderValue> = answer.headers.get("x-cart-token").cloned();
            answer.expect("POST", ITEMS, token.is_some())?;
            self.person.cart_token = token;
        }
        self.added += 1;
        Ok(Done { took, size: answer.body.len() })
    }
}

/// Takes everything out of a customer's cart, if there is one.
pub async fn empty(connection: &mut Connection, person: &Person) -> Result<(), Unexpected> {
    let path = "/api/v1/cart";
    let answer = connection.send(Method::DELETE, path, person, None).await?;
    answer.expect("DELETE", path, answer.status.is_success() || answer.status == StatusCode::NOT_FOUND)
}
