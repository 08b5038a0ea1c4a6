//! Looking for words: full text first; words that nothing has are replaced by the nearest that something has.

use sqlx::PgConnection;
use types::ProductId;

/// Everything on sale that the words are about, and how well it fits them, in millionths.
pub async fn matches(connection: &mut PgConnection, text: &str) -> sqlx::Result<Vec<(ProductId, i32)>> {
    let rows = sqlx::query!(
        r#"SELECT id AS "id: ProductId", (ts_rank(search, query) * 1000000)::int AS "rank!"
           FROM product, websearch_to_tsquery('english', $1) AS query
           WHERE listed AND search @@ query"#,
        text,
    )
    .fetch_all(connection)
    .await?;
    Ok(rows.into_iter().map(|row| (row.id, row.rank)).collect())
}

/// The query with each word that no product has replaced by the nearest that one has; `None` if there is nothing to replace.
pub async fn correct(connection: &mut PgConnection, text: &str) -> sqlx::Result<Option<String>> {
    let words: Vec<String> = text
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_lowercase)
        .take(12)
        .collect();
    let found = sqlx::query_scalar!(
        r#"SELECT coalesce(
               (SELECT word FROM search_word WHERE word = asked),
               (SELECT word FROM search_word WHERE word % asked
                ORDER BY similarity(word, asked) DESC, word LIMIT 1),
               asked) AS "word!"
           FROM unnest($1::text[]) WITH ORDINALITY AS w (asked, n) ORDER BY n"#,
        &words,
    )
    .fetch_all(connection)
    .await?;
    Ok((found != words).then(|| found.join(" ")))
}
