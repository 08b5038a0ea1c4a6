use contracts::user::{Address, SavedAddress};
use sqlx::PgConnection;
use types::{AddressId, PinCode, StateCode, Timestamp, UserId};

struct Row {
    id: AddressId,
    label: String,
    name: String,
    phone: String,
    line1: String,
    line2: String,
    landmark: String,
    city: String,
    state: StateCode,
    pin_code: PinCode,
    is_default: bool,
    updated_at: Timestamp,
}

impl From<Row> for SavedAddress {
    fn from(row: Row) -> Self {
        SavedAddress {
            id: row.id,
            label: row.label,
            address: Address {
                name: row.name,
                phone: row.phone,
                line1: row.line1,
                line2: row.line2,
                landmark: row.landmark,
                city: row.city,
                state: row.state,
                pin_code: row.pin_code,
            },
            is_default: row.is_default,
            updated_at: row.updated_at,
        }
    }
}

/// The default first, then the newest.
pub async fn all(connection: &mut PgConnection, user: UserId) -> Result<Vec<SavedAddress>, sqlx::Error> {
    let rows = sqlx::query_as!(
        Row,
        r#"SELECT id AS "id: AddressId", label, name, phone, line1, line2, landmark, city, state AS "state: StateCode",
                  pin_code AS "pin_code: PinCode", is_default, updated_at
           FROM address WHERE user_id = $1 ORDER BY is_default DESC, created_at DESC, id DESC"#,
        user as UserId
    )
    .fetch_all(connection)
    .await?;
    Ok(rows.into_iter().map(SavedAddress::from).collect())
}

pub async fn find(
    connection: &mut PgConnection,
    user: UserId,
    id: AddressId,
) -> Result<Option<SavedAddress>, sqlx::Error> {
    let row = sqlx::query_as!(
        Row,
        r#"SELECT id AS "id: AddressId", label, name, phone, line1, line2, landmark, city, state AS "state: StateCode",
                  pin_code AS "pin_code: PinCode", is_default, updated_at
           FROM address WHERE id = $1 AND user_id = $2"#,
        id as AddressId,
        user as UserId
    )
    .fetch_optional(connection)
    .await?;
    Ok(row.map(SavedAddress::from))
}

pub async fn count(connection: &mut PgConnection, user: UserId) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar!(r#"SELECT count(*) AS "count!" FROM address WHERE user_id = $1"#, user as UserId)
        .fetch_one(connection)
        .await
}

pub async fn insert(connection: &mut PgConnection, user: UserId, saved: &SavedAddress) -> Result<(), sqlx::Error> {
    let SavedAddress { id, label, address, is_default, updated_at } = saved;
    sqlx::query!(
        "INSERT INTO address (id, user_id, label, name, phone, line1, line2, landmark, city, state, pin_code, is_default, created_at, updated_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $13)",
        *id as AddressId,
        user as UserId,
        label,
        address.name,
        address.phone,
        address.line1,
        address.line2,
        address.landmark,
        address.city,
        address.state as StateCode,
        &address.pin_code as &PinCode,
        is_default,
        *updated_at as Timestamp
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// False if there is none.
pub async fn update(connection: &mut PgConnection, user: UserId, saved: &SavedAddress) -> Result<bool, sqlx::Error> {
    let SavedAddress { id, label, address, updated_at, .. } = saved;
    let updated = sqlx::query!(
        "UPDATE address SET label = $3, name = $4, phone = $5, line1 = $6, line2 = $7, landmark = $8, city = $9, state = $10,
                pin_code = $11, updated_at = $12
         WHERE id = $1 AND user_id = $2",
        *id as AddressId,
        user as UserId,
        label,
        address.name,
        address.phone,
        address.line1,
        address.line2,
        address.landmark,
        address.city,
        address.state as StateCode,
        &address.pin_code as &PinCode,
        *updated_at as Timestamp
    )
    .execute(connection)
    .await?;
    Ok(updated.rows_affected() == 1)
}

/// False if there is none; `user` must be locked.
pub async fn make_default(connection: &mut PgConnection, user: UserId, id: AddressId) -> Result<bool, sqlx::Error> {
    // Two statements: within one, the unique index could meet the new default before the old one is cleared.
    sqlx::query!(
        "UPDATE address SET is_default = false
         WHERE user_id = $1 AND is_default AND EXISTS (SELECT FROM address WHERE id = $2 AND user_id = $1)",
        user as UserId,
        id as AddressId
    )
    .execute(&mut *connection)
    .await?;
    let made = sqlx::query!(
        "UPDATE address SET is_default = true WHERE id = $2 AND user_id = $1",
        user as UserId,
        id as AddressId
    )
    .execute(connection)
    .await?;
    Ok(made.rows_affected() == 1)
}

/// False if there is none; `user` must be locked. If it was the default, the newest of the others becomes it.
pub async fn delete(connection: &mut PgConnection, user: UserId, id: AddressId) -> Result<bool, sqlx::Error> {
    let was_default = sqlx::query_scalar!(
        "DELETE FROM address WHERE id = $1 AND user_id = $2 RETURNING is_default",
        id as AddressId,
        user as UserId
    )
    .fetch_optional(&mut *connection)
    .await?;
    if was_default == Some(true) {
        sqlx::query!(
            "UPDATE address SET is_default = true
             WHERE id = (SELECT id FROM address WHERE user_id = $1 ORDER BY created_at DESC, id DESC LIMIT 1)",
            user as UserId
        )
        .execute(connection)
        .await?;
    }
    Ok(was_default.is_some())
}

pub async fn delete_all(connection: &mut PgConnection, user: UserId) -> Result<(), sqlx::Error> {
    sqlx::query!("DELETE FROM address WHERE user_id = $1", user as UserId).execute(connection).await?;
    Ok(())
}
