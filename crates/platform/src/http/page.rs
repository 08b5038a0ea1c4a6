//! Lists in pages, by cursor: the next page begins after the last item of this one, whatever was added in the meantime.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use contracts::Page;
use garde::Validate;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use utoipa::IntoParams;

use super::body;
use crate::{Problem, Result};

pub const DEFAULT_LIMIT: u16 = 24;
pub const LARGEST_LIMIT: u16 = 100;

/// `?limit=24&cursor=...`
#[derive(Clone, Debug, Default, Deserialize, Validate, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct PageQuery {
    /// Items per page.
    #[garde(inner(range(min = 1, max = LARGEST_LIMIT)))]
    #[param(minimum = 1, maximum = 100, default = 24)]
    pub limit: Option<u16>,
    /// `next_cursor` of the page before.
    #[garde(inner(length(max = 500)))]
    #[param(max_length = 500)]
    pub cursor: Option<String>,
}

impl PageQuery {
    /// Items per page.
    pub fn size(&self) -> usize {
        usize::from(self.limit.unwrap_or(DEFAULT_LIMIT))
    }

    /// How many rows to ask the database for: one more than a page shows if there is a next one.
    pub fn rows(&self) -> i64 {
        i64::from(self.limit.unwrap_or(DEFAULT_LIMIT)) + 1
    }

    /// The place to begin after.
    pub fn after<C: DeserializeOwned>(&self) -> Result<Option<C>> {
        self.cursor.as_deref().map(|text| Cursor(text.to_owned()).open()).transpose()
    }

    /// Makes a page of the rows that [`PageQuery::rows`] asked for; `place` is where a row stands in the list's order.
    pub fn page<T, C: Serialize>(&self, mut rows: Vec<T>, place: impl Fn(&T) -> C) -> Page<T> {
        let more = rows.len() > self.size();
        rows.truncate(self.size());
        let next_cursor = rows.last().filter(|_| more).map(|last| Cursor::to(&place(last)).0);
        Page { items: rows, next_cursor }
    }
}

/// A place in a list, opaque to the client.
#[derive(Clone, Debug)]
pub struct Cursor(String);

impl Cursor {
    pub fn to(place: &impl Serialize) -> Self {
        Cursor(URL_SAFE_NO_PAD.encode(serde_json::to_vec(place).unwrap_or_default()))
    }

    pub fn open<C: DeserializeOwned>(&self) -> Result<C> {
        URL_SAFE_NO_PAD.decode(&self.0).ok().and_then(|bytes| body::parse(&bytes).ok()).ok_or_else(|| {
            Problem::malformed("The cursor cannot be read.").field("cursor", "must be a next_cursor of this list")
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_ends_where_the_next_begins() {
        let query = PageQuery { limit: Some(2), cursor: None };
        assert_eq!(query.rows(), 3);
        let page = query.page(vec![5, 6, 7], |n| *n);
        assert_eq!(page.items, [5, 6]);
        let next = PageQuery { limit: Some(2), cursor: page.next_cursor };
        assert_eq!(next.after::<i32>().unwrap(), Some(6));
        assert_eq!(next.page(vec![7, 8], |n| *n).next_cursor, None);
    }

    #[test]
    fn a_made_up_cursor_is_refused() {
        let made_up = [String::from("%%%"), String::from("bm9uZQ"), Cursor::to(&"a\0b").0];
        for cursor in made_up {
            let query = PageQuery { limit: None, cursor: Some(cursor) };
            assert_eq!(query.after::<String>().unwrap_err().errors[0].field, "cursor");
        }
    }
}
