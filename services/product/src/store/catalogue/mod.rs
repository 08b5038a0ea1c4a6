//! Categories, products, variants.

mod edit;
mod read;

pub use edit::*;
pub use read::*;

use contracts::product::NewCategory;
use sqlx::PgConnection;
use types::CategoryId;

use crate::domain::catalogue::Category;

/// All categories in the order in which they are shown.
pub async fn categories(connection: &mut PgConnection) -> sqlx::Result<Vec<Category>> {
    sqlx::query_as!(
        Category,
        r#"SELECT id AS "id: CategoryId", parent_id AS "parent_id: CategoryId", slug, name, lineage AS "lineage: Vec<CategoryId>"
           FROM category ORDER BY position, name"#
    )
    .fetch_all(connection)
    .await
}

/// # Errors
/// `category_slug_key` or `category_parent_id_fkey` is violated.
pub async fn insert_category(connection: &mut PgConnection, id: CategoryId, new: &NewCategory) -> sqlx::Result<()> {
    sqlx::query!(
        "INSERT INTO category (id, parent_id, slug, name, lineage, position)
         VALUES ($1, $2, $3, $4, $1::uuid || coalesce((SELECT lineage FROM category WHERE id = $2), '{}'), $5)",
        id as CategoryId,
        new.parent_id as Option<CategoryId>,
        new.slug,
        new.name.trim(),
        new.position,
    )
    .execute(connection)
    .await?;
    Ok(())
}
