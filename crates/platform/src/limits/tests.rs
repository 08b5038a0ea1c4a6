use axum::response::IntoResponse;

use super::*;
use crate::cache::test_server::TestServer;

const RULE: Rule = Rule { name: "login", limit: 3, window: Duration::from_secs(60) };

fn ip(text: &str) -> Who {
    Who::Ip(text.parse().unwrap())
}

/// A clock at the beginning of a window, so that none ends during a test.
fn clock() -> Clock {
    let clock = Clock::system();
    clock.advance(window_at(clock.now(), RULE.window.as_secs()).1);
    clock
}

#[tokio::test]
async fn the_limit_holds_across_processes_and_until_the_window_ends() {
    let server = TestServer::start().await;
    let clock = clock();
    let [here, there] = [(); 2].map(|()| Limits::new(Some(server.connect()), clock.clone()));
    let who = ip("203.0.113.9");
    assert_eq!(here.check(&who, &RULE).await.unwrap().remaining, 2);
    assert_eq!(there.check(&who, &RULE).await.unwrap().remaining, 1);
    assert_eq!(here.check(&who, &RULE).await.unwrap().remaining, 0);
    for limits in [&here, &there] {
        let limited = limits.check(&who, &RULE).await.unwrap_err();
        assert!((55..=60).contains(&limited.retry_after.as_secs()), "{limited}");
    }
    assert!(here.check(&ip("203.0.113.10"), &RULE).await.is_ok(), "somebody else");
    assert!(here.check(&who, &Rule { name: "search", ..RULE }).await.is_ok(), "something else");
    clock.advance(RULE.window);
    assert_eq!(there.check(&who, &RULE).await.unwrap().remaining, 2);
}

#[tokio::test]
async fn counters_leave_redis_with_their_window() {
    let server = TestServer::start().await;
    let clock = clock();
    let (redis, who) = (server.connect(), ip("203.0.113.9"));
    let limits = Limits::new(Some(redis.clone()), clock.clone());
    let key = format!("ratelimit:{who}:login:{}", window_at(clock.now(), 60).0);
    for time in ["the first", "after the other", "after Redis has lost it"] {
        limits.check(&who, &RULE).await.unwrap();
        let mut commands = redis::pipe();
        commands.cmd("TTL").arg(&key);
        let (seconds,): (i64,) = redis.run("test", &commands).await.unwrap();
        assert!((1..=60).contains(&seconds), "{time}: {seconds}");
        if time == "after the other" {
            let () = redis.run("test", redis::pipe().cmd("DEL").arg(&key).ignore()).await.unwrap();
        }
    }
}

#[tokio::test]
async fn without_redis_a_limit_still_holds_in_each_process() {
    let mut server = TestServer::start().await;
    let limits = Limits::new(Some(server.connect()), clock());
    let who = Who::User(UserId::new());
    assert!(limits.check(&who, &RULE).await.is_ok());
    server.kill();
    assert_eq!(limits.check(&who, &RULE).await.unwrap().remaining, 1, "goes on from what was counted here");
    assert!(limits.check(&who, &RULE).await.is_ok());
    assert!(limits.check(&who, &RULE).await.is_err());
    let alone = Limits::new(None, clock());
    for _ in 0..3 {
        assert!(alone.check(&who, &RULE).await.is_ok());
    }
    assert!(alone.check(&who, &RULE).await.is_err());
}

#[tokio::test]
async fn of_many_at_once_no_more_than_the_limit_pass() {
    let server = TestServer::start().await;
    let clock = clock();
    let processes: Vec<_> = (0..4).map(|_| Limits::new(Some(server.connect()), clock.clone())).collect();
    let who = ip("2001:db8::1");
    // A connection that is still being made must not count as Redis being gone.
    for limits in &processes {
        limits.redis.as_ref().unwrap().ping().await.unwrap();
    }
    let checks = (0..40).map(|i| processes[i % 4].check(&who, &RULE));
    let outcomes = futures::future::join_all(checks).await;
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 3);
}

#[test]
fn an_ipv6_subscriber_is_one_and_keys_have_no_colons_but_ours() {
    assert_eq!(ip("2001:db8:1:2::3").to_string(), "ip-2001-db8-1-2");
    assert_eq!(ip("2001:db8:1:2:ffff::").to_string(), ip("2001:db8:1:2::1").to_string());
    assert_ne!(ip("2001:db8:1:3::").to_string(), ip("2001:db8:1:2::").to_string());
    assert_eq!(ip("::ffff:203.0.113.9").to_string(), ip("203.0.113.9").to_string());
}

#[test]
fn clients_are_told_what_is_left_and_when_to_come_back() {
    let mut headers = HeaderMap::new();
    Allowed { limit: 3, remaining: 2, reset: Duration::from_secs(40) }.insert_into(&mut headers);
    assert_eq!(
        (&headers["RateLimit-Limit"], &headers["RateLimit-Remaining"]),
        (&"3".parse().unwrap(), &"2".parse().unwrap())
    );
    let limited = Limited { limit: 3, retry_after: Duration::from_secs(40) };
    limited.insert_into(&mut headers);
    assert_eq!(
        (&headers["RateLimit-Remaining"], &headers["RateLimit-Reset"]),
        (&"0".parse().unwrap(), &"40".parse().unwrap())
    );
    let response = Problem::from(limited).into_response();
    assert_eq!(response.status(), 429);
    assert_eq!(response.headers()["Retry-After"], "40");
}
