use contracts::auth::{LoginOutcome, ManagedAccount};
use contracts::demo::{DEMO_ACCOUNTS, DEMO_PASSWORD};
use serde_json::json;
use testkit::eventually;
use testkit::service::{PATIENCE, Person};
use types::{Role, UserId};

use crate::world::{EMAIL, PASSWORD, World, logged_in};

const ACCOUNTS: &str = "/api/v1/auth/accounts";

/// Somebody of the demonstration, logged in.
async fn demo(world: &World, name: &str) -> Person {
    let answer = world.try_login(&format!("{name}@haat.example"), DEMO_PASSWORD).await.is(200);
    world.with(&logged_in(&answer))
}

async fn world_with_staff() -> World {
    let world = World::start().await;
    let mut connection = world.service.pool.acquire().await.unwrap();
    for _ in 0..2 {
        auth_service::demo::seed(&mut connection, world.service.clock.now()).await.unwrap();
    }
    drop(connection);
    world
}

async fn find(admin: &Person, email: &str) -> (ManagedAccount, String) {
    let answer = admin.get(&format!("{ACCOUNTS}?email={email}")).await.is(200);
    (answer.read(), answer.header("etag").to_owned())
}

#[tokio::test]
async fn everybody_of_the_demonstration_can_log_in_and_has_their_roles() {
    let world = world_with_staff().await;
    for account in DEMO_ACCOUNTS {
        let tokens = logged_in(&world.try_login(account.email, DEMO_PASSWORD).await.is(200));
        assert_eq!((tokens.user_id, tokens.roles.as_slice()), (account.user_id, account.roles));
        assert!(tokens.email_verified);
    }
}

#[tokio::test]
async fn roles_that_an_administrator_gives_stand_in_the_next_tokens() {
    let world = world_with_staff().await;
    let user = world.register(EMAIL).await;
    let before = world.login(EMAIL).await;
    let admin = demo(&world, "admin").await;
    let (found, tag) = find(&admin, "Asha%40example.in").await;
    assert_eq!((found.account.user_id, found.account.roles), (user, vec![Role::Customer]));
    admin.get(&format!("{ACCOUNTS}?email=nobody")).await.is(400).problem("malformed-request");

    let path = format!("{ACCOUNTS}/{user}/roles");
    let roles = json!({ "roles": ["support"] });
    admin.put(&path, &roles).await.is(428);
    admin.with("if-match", "\"v999\"").put(&path, &roles).await.is(412).problem("stale-version");
    let changed = admin.with("if-match", &tag).put(&path, &roles).await.is(200);
    assert_eq!(changed.read::<ManagedAccount>().account.roles, [Role::Customer, Role::Support]);
    admin.with("if-match", &tag).put(&path, &roles).await.is(412);
    let again = changed.header("etag");
    admin.with("if-match", again).put(&path, &json!({ "roles": ["king"] })).await.is(422);

    world.refresh(&before.refresh_token).await.is(401);
    assert_eq!(world.login(EMAIL).await.roles, [Role::Customer, Role::Support]);
    let claims = "SELECT before, after FROM role_change";
    let (was, is): (Vec<String>, Vec<String>) = sqlx::query_as(claims).fetch_one(&world.service.pool).await.unwrap();
    assert_eq!((was, is), (vec!["customer".to_owned()], vec!["customer".to_owned(), "support".to_owned()]));
    let forget = sqlx::query("DELETE FROM role_change").execute(&world.service.pool).await;
    assert!(forget.is_err(), "who gave whom which roles stays");
}

#[tokio::test]
async fn an_administrator_lifts_a_lock() {
    let world = world_with_staff().await;
    let user = world.register(EMAIL).await;
    for _ in 0..5 {
        world.try_login(EMAIL, "not the password").await.is(401);
    }
    world.try_login(EMAIL, PASSWORD).await.is(429);
    let admin = demo(&world, "admin").await;
    assert!(find(&admin, EMAIL).await.0.locked_until.is_some());
    admin.post(&format!("{ACCOUNTS}/{user}/unlock"), &json!({})).await.is(204);
    assert!(find(&admin, EMAIL).await.0.locked_until.is_none());
    let outcome: LoginOutcome = world.try_login(EMAIL, PASSWORD).await.is(200).read();
    assert!(matches!(outcome, LoginOutcome::LoggedIn(_)));
}

#[tokio::test]
async fn only_an_administrator_sees_and_changes_accounts_and_not_their_own_roles() {
    let world = world_with_staff().await;
    let admin = demo(&world, "admin").await;
    let (own, tag) = find(&admin, "admin@haat.example").await;
    let own_path = format!("{ACCOUNTS}/{}/roles", own.account.user_id);
    admin.with("if-match", &tag).put(&own_path, &json!({ "roles": ["customer"] })).await.is(409).problem("own-roles");
    admin.get(&format!("{ACCOUNTS}?email=nobody@example.in")).await.is(404);
    let nobody = format!("{ACCOUNTS}/{}", UserId::new());
    admin.post(&format!("{nobody}/unlock"), &json!({})).await.is(404);
    admin.with("if-match", "\"v1\"").put(&format!("{nobody}/roles"), &json!({ "roles": ["support"] })).await.is(404);

    let own_id = own.account.user_id;
    for (person, status) in
        [(world.guest.clone(), 401), (demo(&world, "asha").await, 403), (demo(&world, "support").await, 403)]
    {
        person.get(&format!("{ACCOUNTS}?email={EMAIL}")).await.is(status);
        let person = person.with("if-match", &tag);
        person.put(&format!("{ACCOUNTS}/{own_id}/roles"), &json!({ "roles": ["admin"] })).await.is(status);
        person.post(&format!("{ACCOUNTS}/{own_id}/unlock"), &json!({})).await.is(status);
    }
}

#[tokio::test]
async fn two_administrators_cannot_leave_none_by_taking_the_role_from_each_other_at_once() {
    let world = world_with_staff().await;
    let asha = world.verified(EMAIL).await;
    let make = "UPDATE account SET roles = '{customer,admin}' WHERE id = $1";
    sqlx::query(make).bind(asha.0).execute(&world.service.pool).await.unwrap();
    let [first, second] = [demo(&world, "admin").await, world.with(&world.login(EMAIL).await)];
    let (of_first, first_tag) = find(&second, "admin@haat.example").await;
    let (_, second_tag) = find(&first, EMAIL).await;

    // Both have begun before either is done.
    let mut moment = world.service.pool.begin().await.unwrap();
    sqlx::query("SELECT FROM account FOR UPDATE").fetch_all(&mut *moment).await.unwrap();
    let takes = |admin: &Person, tag: String, from: UserId| {
        let admin = admin.with("if-match", tag);
        let path = format!("{ACCOUNTS}/{from}/roles");
        tokio::spawn(async move { admin.put(&path, &json!({ "roles": ["customer"] })).await.status })
    };
    let both = [takes(&first, second_tag, asha), takes(&second, first_tag, of_first.account.user_id)];
    let waiting = "SELECT count(*) FROM pg_locks JOIN pg_stat_activity USING (pid)
                   WHERE NOT granted AND datname = current_database()";
    eventually(PATIENCE, async || {
        sqlx::query_scalar::<_, i64>(waiting).fetch_one(&world.service.pool).await.unwrap() >= 2
    })
    .await;
    moment.rollback().await.unwrap();
    let mut statuses = Vec::new();
    for one in both {
        statuses.push(one.await.unwrap());
    }
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 401]);
}

#[tokio::test]
async fn an_administrator_who_has_logged_out_is_none_any_more() {
    let world = world_with_staff().await;
    let admin = demo(&world, "admin").await;
    admin.post("/api/v1/auth/logout", &json!({})).await.is(204);
    admin.get(&format!("{ACCOUNTS}?email={EMAIL}")).await.is(401);
}
