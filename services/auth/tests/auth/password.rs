use contracts::auth::{Account, CodePurpose, CodeRequested, EmailVerified, PasswordChanged, RevealedCode};
use serde_json::{Value, json};
use testkit::service::Answer;

use crate::world::{EMAIL, MINUTE, PASSWORD, World, logged_in, wrong};

const NEW: &str = "another mango in monsoon";

async fn reset(world: &World, code: &str, password: &str) -> Answer {
    world.post("/password/reset", json!({ "email": EMAIL, "code": code, "new_password": password })).await
}

#[tokio::test]
async fn a_forgotten_password_is_set_anew_and_every_session_and_lock_ends() {
    let world = World::start().await;
    let user = world.register(EMAIL).await;
    let tokens = world.login(EMAIL).await;
    for _ in 0..5 {
        world.try_login(EMAIL, "not the password").await.is(401);
    }
    world.try_login(EMAIL, PASSWORD).await.is(429);

    world.post("/password/forgot", json!({ "email": EMAIL })).await.is(202);
    let code = world.code(user, CodePurpose::ResetPassword).await;
    reset(&world, &wrong(&code), NEW).await.is(422).problem("code-refused");
    let weak = reset(&world, &code, "password123").await.is(422).problem("invalid-fields");
    assert_eq!(weak.errors[0].field, "new_password");
    reset(&world, &code, NEW).await.is(204);
    reset(&world, &code, "yet another mango").await.is(422);

    world.with(&tokens).get("/api/v1/auth/me").await.is(401);
    world.refresh(&tokens.refresh_token).await.is(401);
    world.try_login(EMAIL, PASSWORD).await.is(401);
    let tokens = logged_in(&world.try_login(EMAIL, NEW).await.is(200));
    let account: Account = world.with(&tokens).get("/api/v1/auth/me").await.is(200).read();
    assert!(account.email_verified, "whoever has the code has the mailbox");

    let changed = world.service.publishes::<PasswordChanged>(|event| event.user_id == user).await;
    let verified = world.service.publishes::<EmailVerified>(|event| event.user_id == user).await;
    assert!(changed.version > verified.version, "each event has a version of its own");
}

#[tokio::test]
async fn a_stranger_cannot_keep_the_owner_from_a_new_password() {
    let world = World::start().await;
    let user = world.register(EMAIL).await;
    let forgot = || world.post("/password/forgot", json!({ "email": EMAIL }));
    forgot().await.is(202);
    let code = world.code(user, CodePurpose::ResetPassword).await;
    for _ in 0..5 {
        reset(&world, &wrong(&code), NEW).await.is(422).problem("code-refused");
    }
    for _ in 0..4 {
        forgot().await.is(202);
    }
    forgot().await.is(429);
    reset(&world, &code, NEW).await.is(204);

    // And not by asking all day long: whenever none is good, another is sent.
    for _ in 0..24 {
        while forgot().await.status == 202 {}
        let newest = world.reference(user, CodePurpose::ResetPassword).await;
        assert!(matches!(world.reveal(newest).await, RevealedCode::Live { .. }), "one is good while it is refused");
        world.service.clock.advance(MINUTE * 60);
    }
    forgot().await.is(202);
    let code = world.code(user, CodePurpose::ResetPassword).await;
    reset(&world, &code, "yet another mango").await.is(204);
}

#[tokio::test]
async fn a_code_for_something_else_does_not_set_a_password() {
    let world = World::start().await;
    let user = world.register(EMAIL).await;
    let code = world.code(user, CodePurpose::VerifyEmail).await;
    reset(&world, &code, NEW).await.is(422).problem("code-refused");
    world.login(EMAIL).await;
}

#[tokio::test]
async fn a_request_for_an_unknown_address_sends_nothing() {
    let world = World::start().await;
    world.post("/password/forgot", json!({ "email": EMAIL })).await.is(202);
    // What is published is in order: nothing came before the next request's event.
    let user = world.register("ravi@example.in").await;
    let first = world.service.publishes::<CodeRequested>(|_| true).await;
    assert_eq!((first.data.user_id, first.data.purpose), (user, CodePurpose::VerifyEmail));
    reset(&world, "123456", NEW).await.is(422).problem("code-refused");
}

#[tokio::test]
async fn a_changed_password_ends_the_other_sessions() {
    let world = World::start().await;
    let user = world.register(EMAIL).await;
    let [here, elsewhere] = [world.login(EMAIL).await, world.login(EMAIL).await];
    let me = world.with(&here);
    let change = |current: &str, new: &str| {
        let body = json!({ "current_password": current, "new_password": new });
        let me = me.clone();
        async move { me.post("/api/v1/auth/password/change", &body).await }
    };
    let refused = change("not the password", NEW).await.is(422).problem("invalid-fields");
    assert_eq!(refused.errors[0].field, "current_password");
    let refused = change(PASSWORD, EMAIL).await.is(422).problem("invalid-fields");
    assert_eq!(refused.errors[0].field, "new_password");
    change(PASSWORD, NEW).await.is(204);

    world.with(&elsewhere).get("/api/v1/auth/me").await.is(401);
    me.get("/api/v1/auth/me").await.is(200);
    world.refresh(&here.refresh_token).await.is(200);
    world.try_login(EMAIL, PASSWORD).await.is(401);
    world.try_login(EMAIL, NEW).await.is(200);
    world.service.publishes::<PasswordChanged>(|event| event.user_id == user).await;
}

#[tokio::test]
async fn a_stolen_session_cannot_guess_the_password() {
    let world = World::start().await;
    world.register(EMAIL).await;
    let me = world.with(&world.login(EMAIL).await);
    let guess: Value = json!({ "current_password": "not the password", "new_password": NEW });
    for _ in 0..5 {
        me.post("/api/v1/auth/password/change", &guess).await.is(422);
    }
    me.post("/api/v1/auth/password/change", &guess).await.is(429).problem("too-many-attempts");
    world.service.clock.advance(MINUTE);
    me.post("/api/v1/auth/password/change", &guess).await.is(422);
}
