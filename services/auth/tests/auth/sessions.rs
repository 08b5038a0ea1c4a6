use std::time::Duration;

use contracts::auth::{LoginSuspicious, SessionDetails, Suspicion, Tokens};
use platform::cache::Redis;
use testkit::eventually;
use testkit::service::PATIENCE;
use types::SessionId;

use crate::world::{DAY, EMAIL, World, setup};

const SESSIONS: &str = "/api/v1/auth/sessions";

#[tokio::test]
async fn a_refresh_token_is_good_once_and_its_copy_ends_the_session() {
    let world = World::start().await;
    let user = world.register(EMAIL).await;
    let first = world.login(EMAIL).await;
    let second: Tokens = world.refresh(&first.refresh_token).await.is(200).read();
    assert_eq!(second.session_id, first.session_id);
    assert_ne!(second.refresh_token, first.refresh_token);
    world.with(&second).get("/api/v1/auth/me").await.is(200);

    world.refresh(&first.refresh_token).await.is(401).problem("session-over");
    world.refresh(&second.refresh_token).await.is(401).problem("session-over");
    world.with(&second).get("/api/v1/auth/me").await.is(401);
    let event = world.service.publishes::<LoginSuspicious>(|event| event.user_id == user).await;
    assert_eq!(event.data.reason, Suspicion::RefreshTokenReused);
    world.refresh(&first.refresh_token).await.is(401);
    assert_eq!(world.service.published::<LoginSuspicious>().await.len(), 1, "told once");
    world.login(EMAIL).await;
}

#[tokio::test]
async fn of_twenty_refreshes_at_once_at_most_one_succeeds() {
    let world = World::start().await;
    world.register(EMAIL).await;
    let tokens = world.login(EMAIL).await;
    let refreshes: Vec<_> = (0..20)
        .map(|_| {
            let (guest, body) = (world.guest.clone(), serde_json::json!({ "refresh_token": tokens.refresh_token }));
            tokio::spawn(async move { guest.post("/api/v1/auth/refresh", &body).await })
        })
        .collect();
    let mut good = Vec::new();
    for refresh in refreshes {
        let answer = refresh.await.unwrap();
        match answer.status {
            200 => good.push(answer.read::<Tokens>()),
            _ => {
                answer.is(401).problem("session-over");
            }
        }
    }
    assert_eq!(good.len(), 1);
    world.refresh(&good[0].refresh_token).await.is(401);
}

#[tokio::test]
async fn who_only_knows_a_sessions_id_cannot_end_it() {
    let world = World::start().await;
    world.register(EMAIL).await;
    let [mine, other] = [world.login(EMAIL).await, world.login(EMAIL).await];
    // The first third of a token is the session's id.
    let forged = format!("{}{}", &mine.refresh_token[..22], &other.refresh_token[22..]);
    for forged in [forged.as_str(), "", "nonsense", &mine.access_token] {
        let answer = world.refresh(forged).await;
        assert!(matches!(answer.status, 401 | 422), "{}", answer.json);
    }
    world.refresh(&mine.refresh_token).await.is(200);
}

#[tokio::test]
async fn a_session_lives_as_long_as_it_is_used_once_a_week() {
    let world = World::start().await;
    world.register(EMAIL).await;
    let mut tokens = world.login(EMAIL).await;
    for _ in 0..3 {
        world.service.clock.advance(DAY * 6);
        world.with(&tokens).get(SESSIONS).await.is(401);
        tokens = world.refresh(&tokens.refresh_token).await.is(200).read();
        world.with(&tokens).get(SESSIONS).await.is(200);
    }
    world.service.clock.advance(DAY * 7);
    world.refresh(&tokens.refresh_token).await.is(401).problem("session-over");
}

#[tokio::test]
async fn sessions_are_listed_and_each_can_be_ended_by_its_owner() {
    let world = World::start().await;
    world.register(EMAIL).await;
    let [old, new] = [world.login(EMAIL).await, world.login(EMAIL).await];
    let me = world.with(&new);
    let list: Vec<SessionDetails> = me.get(SESSIONS).await.is(200).read();
    assert_eq!(list.len(), 2);
    let current: Vec<SessionId> = list.iter().filter(|session| session.current).map(|session| session.id).collect();
    assert_eq!(current, [new.session_id]);
    assert_eq!(list[0].device, "a test");

    world.register("ravi@example.in").await;
    let ravi = world.with(&world.login("ravi@example.in").await);
    ravi.delete(&format!("{SESSIONS}/{}", old.session_id)).await.is(404).problem("not-found");
    world.with(&old).get(SESSIONS).await.is(200);

    me.delete(&format!("{SESSIONS}/{}", old.session_id)).await.is(204);
    me.delete(&format!("{SESSIONS}/{}", old.session_id)).await.is(204);
    world.with(&old).get(SESSIONS).await.is(401);
    world.refresh(&old.refresh_token).await.is(401);
    assert_eq!(me.get(SESSIONS).await.is(200).read::<Vec<SessionDetails>>().len(), 1);
    me.delete(&format!("{SESSIONS}/{}", SessionId::new())).await.is(404);
}

#[tokio::test]
async fn a_log_out_ends_the_session_everywhere() {
    let redis = testkit::redis().await;
    let world = World::of(setup().env("REDIS_URL", &redis.url)).await;
    world.register(EMAIL).await;
    let tokens = world.login(EMAIL).await;
    world.with(&tokens).post("/api/v1/auth/logout", &()).await.is(204);
    world.with(&tokens).get(SESSIONS).await.is(401);
    world.refresh(&tokens.refresh_token).await.is(401);
    // What the other services read.
    let others = platform::identity::RedisRevocations::new(Redis::open(&redis.url).unwrap());
    use platform::identity::Revocations;
    assert!(others.is_revoked(tokens.session_id).await);
    assert!(!others.is_revoked(SessionId::new()).await);
}

#[tokio::test]
async fn who_has_logged_out_stays_out_when_redis_was_away_and_has_lost_everything() {
    use platform::identity::{RedisRevocations, Revocations};
    let mut redis = testkit::private_redis().await;
    let world = World::of(setup().env("REDIS_URL", redis.url())).await;
    world.register(EMAIL).await;
    let [told, untold, alive] = [world.login(EMAIL).await, world.login(EMAIL).await, world.login(EMAIL).await];
    world.with(&told).post("/api/v1/auth/logout", &()).await.is(204);
    redis.kill().await;
    world.with(&untold).post("/api/v1/auth/logout", &()).await.is(204);
    redis.restart().await.unwrap();
    // What another service reads that has not asked before.
    let is_revoked =
        async |session| RedisRevocations::new(Redis::open(&redis.url()).unwrap()).is_revoked(session).await;
    for tokens in [told, untold] {
        eventually(PATIENCE, || is_revoked(tokens.session_id)).await;
    }
    assert!(!is_revoked(alive.session_id).await);
}

#[tokio::test]
async fn who_has_logged_out_stays_out_when_the_process_died_before_it_could_tell() {
    use platform::identity::{RedisRevocations, Revocations};
    let redis = testkit::redis().await;
    let world = World::of(setup().env("REDIS_URL", &redis.url)).await;
    world.register(EMAIL).await;
    let tokens = world.login(EMAIL).await;
    world.service.kill();
    // What the dead process had committed.
    let ended = "UPDATE session SET ended_at = now(), end_reason = 'logged_out' WHERE id = $1";
    sqlx::query(ended).bind(tokens.session_id.0).execute(&world.service.pool).await.unwrap();
    let _next = world.service.another(auth_service::service()).await;
    let others = || RedisRevocations::new(Redis::open(&redis.url).unwrap());
    eventually(PATIENCE, async || others().is_revoked(tokens.session_id).await).await;
}

#[tokio::test]
async fn without_redis_everything_works_and_here_ended_sessions_are_over_at_once() {
    let redis = testkit::private_redis().await;
    let world = World::of(setup().env("REDIS_URL", redis.url())).await;
    world.register(EMAIL).await;
    redis.kill().await;
    let tokens = world.login(EMAIL).await;
    let tokens: Tokens = world.refresh(&tokens.refresh_token).await.is(200).read();
    world.with(&tokens).post("/api/v1/auth/logout", &()).await.is(204);
    world.with(&tokens).get(SESSIONS).await.is(401);
}

#[tokio::test]
async fn the_twenty_first_log_in_ends_the_session_that_was_used_longest_ago() {
    let world = World::start().await;
    world.register(EMAIL).await;
    let oldest = world.login(EMAIL).await;
    let mut newest = None;
    for _ in 0..20 {
        world.service.clock.advance(Duration::from_secs(1));
        newest = Some(world.login(EMAIL).await);
    }
    world.refresh(&oldest.refresh_token).await.is(401);
    let me = world.with(&newest.unwrap());
    assert_eq!(me.get(SESSIONS).await.is(200).read::<Vec<SessionDetails>>().len(), 20);
}
