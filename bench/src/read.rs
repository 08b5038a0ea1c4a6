//! Looking at products: one that everybody looks at, and a different one each time.

use std::sync::Arc;
use std::time::Instant;

use http::StatusCode;
use rand::seq::IndexedRandom as _;

use crate::catalogue::Catalogue;
use crate::http::{Answer, Connection, Person, Unexpected};
use crate::load::{Done, Work};

/// A question that clients ask.
pub struct Question {
    pub name: &'static str,
    pub ask: fn(&Catalogue) -> String,
    /// Is this the answer to that path?
    is_answer: fn(&str, &[u8]) -> bool,
}

pub const DETAIL: Question = Question {
    name: "product detail",
    ask: |catalogue| format!("/api/v1/products/{}", any(&catalogue.ids)),
    is_answer: |path, body| {
        let id = path.rsplit('/').next().unwrap_or_default().as_bytes();
        body.strip_prefix(b"{\"id\":\"").is_some_and(|rest| rest.starts_with(id)) && body.ends_with(b"}")
    },
};

/// Of a category, what is in stock from some price on.
pub const LIST: Question = Question {
    name: "list of 24, filtered",
    ask: |catalogue| {
        let sort = any(&["newest", "price_asc", "price_desc", "rating"].map(str::to_owned)).to_owned();
        let (category, least) = (any(&catalogue.categories), rand::random_range(0..1000) * 10);
        format!("/api/v1/products?category={category}&in_stock=true&min_price={least}&sort={sort}&limit=24")
    },
    is_answer: |_, body| body.starts_with(b"{\"items\":[") && body.ends_with(b"}"),
};

/// Words of a title, up to some price.
pub const SEARCH: Question = Question {
    name: "search with facets",
    ask: |catalogue| {
        let most = rand::random_range(1000..10_000) * 100;
        match catalogue.words.choose(&mut rand::rng()) {
            Some([first, last]) => format!("/api/v1/products/search?q={first}+{last}&max_price={most}"),
            None => String::new(),
        }
    },
    is_answer: |_, body| body.starts_with(b"{\"items\":[") && body.ends_with(b"]}}"),
};

fn any(choices: &[String]) -> &str {
    choices.choose(&mut rand::rng()).map_or("", String::as_str)
}

impl Question {
    /// # Errors
    /// [`Unexpected`] unless this answers the question on this path.
    pub fn check(&self, path: &str, answer: &Answer) -> Result<(), Unexpected> {
        answer.expect("GET", path, answer.status == StatusCode::OK && (self.is_answer)(path, &answer.body))
    }
}

/// Asks the same question over and over.
pub struct Reader {
    pub question: &'static Question,
    pub catalogue: Arc<Catalogue>,
    /// The one path that is asked for; a different one each time if absent.
    pub hot: Option<String>,
}

impl Work for Reader {
    async fn once(&mut self, connection: &mut Connection) -> Result<Done, Unexpected> {
        let path = match &self.hot {
            Some(path) => path.clone(),
            None => (self.question.ask)(&self.catalogue),
        };
        let started = Instant::now();
        let answer = connection.get(&path, &Person::default()).await?;
        let took = started.elapsed();
        self.question.check(&path, &answer)?;
        Ok(Done { took, size: answer.body.len() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_to_another_question_is_none() {
        let path = "/api/v1/products/018cc251";
        assert!((DETAIL.is_answer)(path, br#"{"id":"018cc251","slug":"kurta"}"#));
        assert!(!(DETAIL.is_answer)(path, br#"{"id":"018cc252","slug":"kurta"}"#));
        assert!((SEARCH.is_answer)("", br#"{"items":[],"facets":{"total":0,"ratings":[]}}"#));
        assert!(!(SEARCH.is_answer)("", br#"{"items":[]}"#));
        assert!(!(LIST.is_answer)("", b""));
    }
}
