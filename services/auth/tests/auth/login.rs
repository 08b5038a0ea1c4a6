use std::time::Duration;

use contracts::auth::{CodePurpose, CodeRequested, LoginSuspicious, Suspicion, UserLocked};
use serde_json::json;

use crate::world::{EMAIL, MINUTE, PASSWORD, World, essence, logged_in, setup};

#[tokio::test]
async fn a_wrong_password_and_an_unknown_address_look_the_same() {
    let world = World::start().await;
    world.register(EMAIL).await;
    let wrong = world.try_login(EMAIL, "not the password").await;
    wrong.problem("login-refused");
    assert_eq!(wrong.status, 401);
    assert_eq!(essence(&wrong), essence(&world.try_login("nobody@example.in", PASSWORD).await));
}

#[tokio::test]
async fn five_wrong_passwords_lock_for_a_growing_time_whether_or_not_there_is_an_account() {
    let world = World::start().await;
    let user = world.register(EMAIL).await;
    for email in [EMAIL, "nobody@example.in"] {
        for _ in 0..5 {
            world.try_login(email, "not the password").await.is(401);
        }
        let locked = world.try_login(email, PASSWORD).await.is(429);
        locked.problem("too-many-attempts");
        let wait: u64 = locked.header("retry-after").parse().unwrap();
        assert!((50..=61).contains(&wait), "{wait}");
    }
    let event = world.service.publishes::<UserLocked>(|event| event.user_id == user).await;
    assert!(event.data.until > world.service.clock.now());

    world.service.clock.advance(MINUTE);
    world.try_login(EMAIL, "not the password").await.is(401);
    world.service.clock.advance(MINUTE);
    world.try_login(EMAIL, PASSWORD).await.is(429);
    world.service.clock.advance(MINUTE);
    world.try_login(EMAIL, PASSWORD).await.is(200);
    world.try_login(EMAIL, "not the password").await.is(401);
    world.try_login(EMAIL, PASSWORD).await.is(200);
}

#[tokio::test]
async fn guessing_at_once_is_no_quicker_than_one_after_another() {
    let world = World::start().await;
    world.register(EMAIL).await;
    let guesses: Vec<_> = (0..20)
        .map(|n| {
            let guest = world.guest.clone();
            let body = json!({ "email": EMAIL, "password": format!("guess number {n}") });
            tokio::spawn(async move { guest.post("/api/v1/auth/login", &body).await.status })
        })
        .collect();
    let mut answers = Vec::new();
    for guess in guesses {
        answers.push(guess.await.unwrap());
    }
    answers.sort_unstable();
    assert_eq!(answers, [vec![401; 5], vec![429; 15]].concat());
}

#[tokio::test]
async fn one_address_asks_only_so_often() {
    let world = World::of(setup().env("AUTH_REQUESTS_PER_ADDRESS", 3)).await;
    let from = async |address: &str| {
        let login = json!({ "email": EMAIL, "password": PASSWORD });
        world.guest.with("x-forwarded-for", address).post("/api/v1/auth/login", &login).await
    };
    // To the beginning of a window, so that none ends during the test.
    let seconds = u64::try_from(world.service.clock.now().as_seconds()).unwrap();
    world.service.clock.advance(Duration::from_secs(60 - seconds % 60));
    for _ in 0..3 {
        from("203.0.113.9").await.is(401);
    }
    from("203.0.113.9").await.is(429).problem("too-many-requests");
    from("203.0.113.9, 198.51.100.7").await.is(401);
    world.service.clock.advance(MINUTE);
    from("203.0.113.9").await.is(401);
}

#[tokio::test]
async fn a_log_in_from_another_device_than_ever_is_told() {
    let world = World::start().await;
    let user = world.register(EMAIL).await;
    let from = |device: &str| world.post("/login", json!({ "email": EMAIL, "password": PASSWORD, "device": device }));
    from("phone").await.is(200);
    from("phone").await.is(200);
    assert!(
        world.service.published::<LoginSuspicious>().await.is_empty(),
        "the first one is not new, nor is a known one"
    );
    from("laptop").await.is(200);
    let event = world.service.publishes::<LoginSuspicious>(|event| event.user_id == user).await;
    assert_eq!(event.data.reason, Suspicion::NewDevice);
}

#[tokio::test]
async fn who_names_a_device_anew_at_each_log_in_has_one_told_an_hour() {
    let world = World::start().await;
    let user = world.register(EMAIL).await;
    let from = async |device: String| {
        let login = json!({ "email": EMAIL, "password": PASSWORD, "device": device });
        world.post("/login", login).await.is(200);
    };
    let told = async |times: usize| {
        // What is published is in order: the code's event comes after all that the log-ins did.
        world.post("/password/forgot", json!({ "email": EMAIL })).await.is(202);
        let reference = world.reference(user, CodePurpose::ResetPassword).await;
        world.service.publishes::<CodeRequested>(|event| event.reference == reference).await;
        assert_eq!(world.service.published::<LoginSuspicious>().await.len(), times);
    };
    for n in 0..10 {
        from(format!("device {n}")).await;
    }
    told(1).await;
    world.service.clock.advance(MINUTE * 61);
    for n in 10..13 {
        from(format!("device {n}")).await;
    }
    told(2).await;
}

#[tokio::test]
async fn a_password_that_was_hashed_with_other_costs_is_hashed_anew() {
    use argon2::password_hash::PasswordHasher;
    use argon2::password_hash::phc::PasswordHash;
    let world = World::start().await;
    world.register(EMAIL).await;
    let params = argon2::Params::new(32, 1, 1, None).unwrap();
    let old: PasswordHash = argon2::Argon2::new(argon2::Algorithm::Argon2id, argon2::Version::V0x13, params)
        .hash_password(PASSWORD.as_bytes())
        .unwrap();
    let set = "UPDATE account SET password_hash = $1";
    sqlx::query(set).bind(old.to_string()).execute(&world.service.pool).await.unwrap();
    world.login(EMAIL).await;
    let get = "SELECT password_hash FROM account";
    let new: String = sqlx::query_scalar(get).fetch_one(&world.service.pool).await.unwrap();
    assert!(new.starts_with("$argon2id$v=19$m=64,t=1,p=1$"), "{new}");
    logged_in(&world.try_login(EMAIL, PASSWORD).await.is(200));
}

#[tokio::test]
async fn tokens_are_kept_by_no_cache() {
    let world = World::start().await;
    world.register(EMAIL).await;
    assert_eq!(world.try_login(EMAIL, PASSWORD).await.is(200).header("cache-control"), "no-store");
}
