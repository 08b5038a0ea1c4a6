//! What lists and searches are answered from: the products on sale, in memory.
//!
//! PostgreSQL finds which products words are about; filters, orders, pages and facets are worked out here, without it. The
//! listing is read whole at the first question, and from then on brought up to date when a question finds it a second old. All
//! of it is read from the primary: two replicas that lag differently would make a list go back in time.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use contracts::product::{Facets, ProductCard, ProductSort};
use moka::future::Cache;
use platform::clock::Clock;
use platform::db::Db;
use platform::{Problem, Result};
use tokio::sync::Mutex;
use tokio::time::timeout;
use types::{ProductId, Timestamp};

use crate::domain::catalogue::Category;
use crate::domain::listing::{Filter, Hits, Listing, Place};
use crate::store::browse::{self, Watermark};
use crate::store::search;

/// So long may a list be behind.
const FRESH: Duration = Duration::from_secs(1);
/// So long is it better than nothing, while the database cannot be reached.
const USABLE: Duration = Duration::from_secs(60);
/// So long do questions wait for the database while there is something that is better than nothing: one that is gone without a
/// word would hold all of them up.
const PATIENCE: Duration = Duration::from_millis(500);
/// In bytes, of what was found for words.
const CAPACITY: u64 = 16 << 20;

type Row = (Place, ProductCard);

/// Cheap to clone; clones share what is in it.
#[derive(Clone)]
pub struct Index(Arc<Inner>);

struct Inner {
    db: Db,
    clock: Clock,
    listing: RwLock<Listing>,
    /// Held by the one who brings the listing up to date.
    age: Mutex<Age>,
    /// What was found for words, by the listing's generation and the words.
    finds: Cache<(u64, String), Arc<Find>>,
}

#[derive(Default)]
struct Age {
    watermark: Option<Watermark>,
    read_at: Option<Timestamp>,
    tried_at: Option<Timestamp>,
}

/// What words are about.
pub struct Find {
    /// What was looked for instead, because nothing was found for the words as they were written.
    pub corrected: Option<String>,
    hits: Hits,
}

/// Which part of a list, in which order.
#[derive(Clone, Copy)]
pub struct Part {
    pub sort: ProductSort,
    pub after: Option<Place>,
    pub rows: usize,
}

impl Index {
    pub fn new(db: Db, clock: Clock) -> Self {
        let size = |(_, text): &(u64, String), find: &Arc<Find>| {
            u32::try_from(128 + text.len() + size_of_val(&*find.hits)).unwrap_or(u32::MAX)
        };
        let finds = Cache::builder().max_capacity(CAPACITY).weigher(size).build();
        Index(Arc::new(Inner { db, clock, listing: RwLock::default(), age: Mutex::default(), finds }))
    }

    /// Products on sale.
    pub async fn list(&self, filter: &Filter, part: Part) -> Result<Vec<Row>> {
        self.bring_up_to_date().await?;
        Ok(self.read(|listing| listing.list(filter, part.sort, part.after, part.rows)))
    }

    /// Products on sale that the words are about.
    pub async fn find(&self, text: &str) -> Result<Arc<Find>> {
        self.bring_up_to_date().await?;
        let text = text.trim().to_lowercase();
        let generation = self.read(Listing::generation);
        let look = async {
            let mut connection = self.0.db.primary().await?;
            let mut found = search::matches(&mut connection, &text).await?;
            let mut corrected = None;
            if found.is_empty()
                && let Some(nearest) = search::correct(&mut connection, &text).await?
            {
                found = search::matches(&mut connection, &nearest).await?;
                corrected = (!found.is_empty()).then_some(nearest);
            }
            Ok(Arc::new(Find { corrected, hits: self.hits(&found) }))
        };
        let found = self.0.finds.try_get_with((generation, text.clone()), look).await;
        found.map_err(|shared: Arc<Problem>| Problem::clone(&shared))
    }

    /// Those of a find that pass the filter.
    pub fn choose(&self, find: &Find, filter: &Filter, part: Part) -> Vec<Row> {
        self.read(|listing| listing.search(&find.hits, filter, part.sort, part.after, part.rows))
    }

    pub fn facets(&self, find: &Find, filter: &Filter, categories: &[Category]) -> Facets {
        self.read(|listing| listing.facets(&find.hits, filter, categories))
    }

    fn hits(&self, found: &[(ProductId, i32)]) -> Hits {
        self.read(|listing| listing.hits(found))
    }

    fn read<T>(&self, look: impl FnOnce(&Listing) -> T) -> T {
        look(&self.0.listing.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// One does it; the others wait for it, for none is to see a list that is older than another's before.
    async fn bring_up_to_date(&self) -> Result<()> {
        let mut age = self.0.age.lock().await;
        let now = self.0.clock.now();
        let within = |time: Option<Timestamp>, life| time.is_some_and(|time| now.since(time) < life);
        let usable = within(age.read_at, USABLE);
        if within(age.tried_at, FRESH) {
            return if usable { Ok(()) } else { Err(Problem::unavailable("the products could not be read just now")) };
        }
        let reading = self.read_changes(age.watermark.as_ref());
        let read = if usable {
            let read = timeout(PATIENCE, reading).await;
            read.unwrap_or_else(|_| Err(Problem::unavailable(format!("nothing was read within {PATIENCE:?}"))))
        } else {
            reading.await
        };
        // Whoever has waited meanwhile need not wait for an attempt of their own.
        age.tried_at = Some(self.0.clock.now());
        match read {
            Ok(watermark) => {
                (age.watermark, age.read_at) = (Some(watermark), Some(now));
                Ok(())
            }
            Err(problem) if usable => {
                tracing::warn!(?problem, "lists are shown as they were");
                Ok(())
            }
            Err(problem) => Err(problem),
        }
    }

    async fn read_changes(&self, since: Option<&Watermark>) -> Result<Watermark> {
        let mut connection = self.0.db.primary().await?;
        let watermark = browse::watermark(&mut connection).await?;
        match since {
            None => {
                let mut listing = Listing::default();
                browse::on_sale(&mut connection, |product| listing.add(product)).await?;
                listing.sort();
                *self.0.listing.write().unwrap_or_else(PoisonError::into_inner) = listing;
            }
            Some(since) => {
                let changed = browse::changed_since(&mut connection, since).await?;
                if !changed.is_empty() {
                    self.0.listing.write().unwrap_or_else(PoisonError::into_inner).update(changed);
                }
            }
        }
        Ok(watermark)
    }
}
