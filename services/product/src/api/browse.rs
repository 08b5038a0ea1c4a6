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
use crate::domain::listing::Filter;
use crate::index::Part;

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
        let rows = app.index.list(&filter, part(&query, ProductSort::Newest)?).await?;
        Ok(page.page(rows, |row| row.0).map(|row| row.1))
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
    let (filter, part) = (filter(app, query).await?, part(query, ProductSort::Relevance)?);
    let find = app.index.find(text).await?;
    let rows = app.index.choose(&find, &filter, part);
    let facets = match part.after {
        None => Some(app.index.facets(&find, &filter, &app.categories().await?)),
        Some(_) => None,
    };
    let Page { items, next_cursor } = page(query).page(rows, |row| row.0).map(|row| row.1);
    Ok(SearchResult { items, next_cursor, corrected: find.corrected.clone(), facets })
}

fn page(query: &ProductQuery) -> PageQuery {
    PageQuery { limit: query.limit, cursor: query.cursor.clone() }
}

fn part(query: &ProductQuery, sort: ProductSort) -> Result<Part> {
    let page = page(query);
    let rows = usize::try_from(page.rows()).map_err(Problem::internal)?;
    Ok(Part { sort: query.sort.unwrap_or(sort), after: page.after()?, rows })
}

async fn filter(app: &Products, query: &ProductQuery) -> Result<Filter> {
    let categories = match &query.category {
        None => None,
        Some(slug) => {
            let categories = app.categories().await?;
            let top = categories.iter().find(|category| category.slug == *slug);
            let top = top.ok_or_else(|| Problem::not_found("category"))?.id;
            Some(categories.iter().filter(|category| category.lineage.contains(&top)).map(|c| c.id).collect())
        }
    };
    Ok(Filter {
        categories,
        brand: query.brand.clone(),
        min_price: query.min_price.map(Money::from_paise),
        max_price: query.max_price.map(Money::from_paise),
        in_stock: query.in_stock.unwrap_or(false),
        min_rating: query.rating.map(|stars| u16::from(stars) * 100),
    })
}
