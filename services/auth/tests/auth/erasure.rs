use contracts::user::{ErasureCompleted, ErasureRequested};
use serde_json::json;
use types::{ServiceName, UserId};

use crate::world::{EMAIL, PASSWORD, PHONE, World};

#[tokio::test]
async fn an_erased_account_leaves_no_trace_of_its_person() {
    let world = World::start().await;
    let (user, tokens, me) = world.member(EMAIL).await;
    me.post("/api/v1/auth/phone", &json!({ "phone": PHONE })).await.is(202);
    world.post("/verify-email/resend", json!({ "email": EMAIL })).await.is(202);
    world.try_login(EMAIL, "not the password").await.is(401);

    world.service.deliver(user, 99, &ErasureRequested { user_id: user }).await;
    let done = world.service.publishes::<ErasureCompleted>(|event| event.user_id == user).await;
    assert_eq!((done.data.service, done.subject), (ServiceName::Auth, user.to_string()));

    me.get("/api/v1/auth/me").await.is(401);
    world.refresh(&tokens.refresh_token).await.is(401);
    world.try_login(EMAIL, PASSWORD).await.is(401);
    for table in ["account", "code", "session", "challenge", "attempt", "totp", "role_change"] {
        let rows = format!("SELECT coalesce(string_agg(t::text, ' '), '') FROM {table} t");
        let rows: String = sqlx::query_scalar(sqlx::AssertSqlSafe(rows)).fetch_one(&world.service.pool).await.unwrap();
        assert!(!rows.contains("asha") && !rows.contains(PHONE), "{table}: {rows}");
    }
    let answers = "SELECT coalesce(string_agg(convert_from(body, 'UTF8'), ' '), '') FROM idempotency_key";
    let answers: String = sqlx::query_scalar(answers).fetch_one(&world.service.pool).await.unwrap();
    assert!(!answers.contains("asha"), "{answers}");
    assert_ne!(world.register(EMAIL).await, user, "the address is free again");
}

#[tokio::test]
async fn an_erasure_of_somebody_unknown_is_done_at_once_and_a_repeat_again() {
    let world = World::start().await;
    let user = UserId::new();
    for version in [7, 8] {
        world.service.deliver(user, version, &ErasureRequested { user_id: user }).await;
    }
    let done = world.service.published::<ErasureCompleted>().await;
    assert!(done.iter().all(|event| event.data.user_id == user));
    world.service.publishes::<ErasureCompleted>(|event| event.user_id == user).await;
}
