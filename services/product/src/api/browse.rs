use axum::extract::State;
use axum::response::Response;
use contracts::Page;
use contracts::product::{ProductCard, ProductQuery, ProductSort, SearchResult, SearchText};
use platform::http::{PageQuery, Query};
use platform::identity::Visitor;
use platform::{Problem, Result};
use types::Money;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::CATALOGUE;
use crate::Products;
use crate::store::browse::{self, Filter, Row};
use crate::store::search;

pub(super) fn routes() -> OpenApiRouter<Products> {
    OpenApiRouter::new().routes(routes!(list_products)).routes(routes!(search_products))
}

/// Products on sale.
#[utoipa::path(get, path = "/api/v1/products", tag = CATALOGUE, params(ProductQuery),
    responses(
        (status = 200, body = Page<ProductCard>),
        (status = 400, body = Problem, description = "`malformed-request`: a parameter breaks its rule"),
        (status = 404, body = Problem, description = "There is no such category"),
    ))]
async fn list_products(_: Visitor, State(app): State<Products>, Query(query): Query<ProductQuery>) -> Result<Response> {
    let find = async {
        let (filter, page) = (filter(&app, &query).await?, page(&query));
        let sort = query.sort.unwrap_or(ProductSort::Newest);
        let mut connection = app.db.read().await?;
        let rows = browse::list(&mut connection, &filter, sort, page.after()?, page.rows()).await?;
        Ok(page.page(rows, Row::place).map(Row::into_card))
    };
    app.hot.json("products", &query, find).await
}

/// Products on sale that the words are about, with how the matches divide. Words that nothing has are read as the nearest that
/// something has: `corrected` then says so.
#[utoipa::path(get, path = "/api/v1/products/search", tag = CATALOGUE, params(SearchText, ProductQuery),
    responses(
        (status = 200, body = SearchResult),
        (status = 400, body = Problem, description = "`malformed-request`: a parameter breaks its rule"),
        (status = 404, body = Problem, description = "There is no such category"),
    ))]
async fn search_products(
    _: Visitor,
    State(app): State<Products>,
    Query(text): Query<SearchText>,
    Query(query): Query<ProductQuery>,
) -> Result<Response> {
    app.hot.json("search", &(&text, &query), search(&app, &text.q, &query)).await
}

async fn search(app: &Products, text: &str, query: &ProductQuery) -> Result<SearchResult> {
    let (filter, page) = (filter(app, query).await?, page(query));
    let (sort, after) = (query.sort.unwrap_or(ProductSort::Relevance), page.after()?);
    let mut connection = app.db.read().await?;
    let mut rows = search::matches(&mut connection, text, &filter, sort, after, page.rows()).await?;
    let mut corrected = None;
    if rows.is_empty()
        && let Some(nearest) = search::correct(&mut connection, text).await?
    {
        rows = search::matches(&mut connection, &nearest, &filter, sort, after, page.rows()).await?;
        corrected = (!rows.is_empty()).then_some(nearest);
    }
    let facets = match after {
        None => Some(search::facets(&mut connection, corrected.as_deref().unwrap_or(text), &filter).await?),
        Some(_) => None,
    };
    let Page { items, next_cursor } = page.page(rows, Row::place).map(Row::into_card);
    Ok(SearchResult { items, next_cursor, corrected, facets })
}

fn page(query: &ProductQuery) -> PageQuery {
    PageQuery { limit: query.limit, cursor: query.cursor.clone() }
}

async fn filter(app: &Products, query: &ProductQuery) -> Result<Filter> {
    let category = match &query.category {
        None => None,
        Some(slug) => {
            let categories = app.categories().await?;
            let category = categories.iter().find(|category| category.slug == *slug);
            Some(category.ok_or_else(|| Problem::not_found("category"))?.id)
        }
    };
    Ok(Filter {
        category,
        brand: query.brand.clone(),
        min_price: query.min_price.map(Money::from_paise),
        max_price: query.max_price.map(Money::from_paise),
        in_stock: query.in_stock.unwrap_or(false),
        min_rating: query.rating.map(|stars| i32::from(stars) * 100),
    })
}
