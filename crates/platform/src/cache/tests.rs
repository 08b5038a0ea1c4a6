use std::sync::atomic::AtomicUsize;
use std::time::Instant;

use tokio::sync::Notify;

use super::test_server::TestServer;
use super::*;
use crate::problem::Problem;

const HOUR: Duration = Duration::from_secs(3600);

/// What the cache stands before.
#[derive(Clone, Default)]
struct Truth {
    value: Arc<AtomicUsize>,
    asked: Arc<AtomicUsize>,
}

impl Truth {
    fn set(&self, value: usize) {
        self.value.store(value, Ordering::SeqCst);
    }

    fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }

    async fn read(&self) -> Result<usize, Problem> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        tokio::task::yield_now().await;
        Ok(self.value.load(Ordering::SeqCst))
    }

    async fn through(&self, cache: &Cache) -> usize {
        *cache.get_or_load(&key(), HOUR, || self.read()).await.unwrap()
    }
}

fn key() -> Key {
    Key::new("product", 7)
}

/// As another process would have it.
fn cache(redis: Option<&TestServer>) -> Cache {
    let config = CacheConfig { local_life: HOUR, ..CacheConfig::new(ServiceName::Product) };
    Cache::new(redis.map(TestServer::connect), config)
}

async fn eventually(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(15);
    while !holds().await {
        assert!(Instant::now() < deadline, "{what}: not within 15 seconds");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

async fn value_in_redis(server: &TestServer, key: &Key) -> Option<usize> {
    server.connect().read_entry(key).await.unwrap().value()
}

#[tokio::test]
async fn many_who_ask_at_once_cause_one_load() {
    let (cache, truth) = (cache(None), Truth::default());
    truth.set(3);
    let values = futures::future::join_all((0..50).map(|_| truth.through(&cache))).await;
    assert!(values.iter().all(|value| *value == 3));
    assert_eq!(truth.asked(), 1);
}

#[tokio::test]
async fn an_error_reaches_all_who_wait_and_is_not_kept() {
    let cache = cache(None);
    let load = async || Err::<usize, _>(Problem::not_found("product"));
    let key = key();
    let both = futures::join!(cache.get_or_load(&key, HOUR, load), cache.get_or_load(&key, HOUR, load));
    assert!(both.0.unwrap_err().is("not-found") && both.1.unwrap_err().is("not-found"));
    assert_eq!(Truth::default().through(&cache).await, 0);
}

#[tokio::test]
async fn absence_is_kept_only_if_the_caller_wants_it() {
    let cache = cache(None);
    let asked = AtomicUsize::new(0);
    let look = async |kind: &str, absent_life| {
        let load = async || {
            asked.fetch_add(1, Ordering::SeqCst);
            Ok::<Option<usize>, Problem>(None)
        };
        cache.get_or_load_optional(&Key::new(kind, 1), HOUR, absent_life, load).await.unwrap()
    };
    for _ in 0..3 {
        assert_eq!(*look("kept", HOUR).await, None);
    }
    assert_eq!(asked.load(Ordering::SeqCst), 1);
    for _ in 0..3 {
        assert_eq!(*look("not kept", Duration::ZERO).await, None);
    }
    assert_eq!(asked.load(Ordering::SeqCst), 4);
}

#[tokio::test]
async fn a_load_that_began_before_an_invalidation_is_not_served_after_it() {
    let server = TestServer::start().await;
    for redis in [None, Some(&server)] {
        let (cache, truth) = (cache(redis), Truth::default());
        truth.set(1);
        let (read, go_on) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
        let slow = tokio::spawn({
            let (cache, truth, read, go_on) = (cache.clone(), truth.clone(), read.clone(), go_on.clone());
            async move {
                let load = async || {
                    let value = truth.read().await;
                    read.notify_one();
                    go_on.notified().await;
                    value
                };
                *cache.get_or_load(&key(), HOUR, load).await.unwrap()
            }
        });
        read.notified().await;
        truth.set(2);
        cache.invalidate(&[key()]).await;
        assert_eq!(truth.through(&cache).await, 2, "does not wait for the old load either");
        go_on.notify_one();
        assert_eq!(slow.await.unwrap(), 1);
        assert_eq!(truth.through(&cache).await, 2);
        if let Some(server) = redis {
            // The late load has written the old value over the new one, under the old version.
            let mut raw = redis::pipe();
            raw.cmd("GET").arg(key().as_str());
            eventually("the late write", async || {
                let (text,): (Option<String>,) = server.connect().run("test", &raw).await.unwrap();
                text.is_some_and(|text| text.contains("\"value\":1"))
            })
            .await;
            assert_eq!(value_in_redis(server, &key()).await, None);
            assert_eq!(truth.through(&self::cache(Some(server))).await, 2, "another process is not misled");
        }
    }
}

#[tokio::test]
async fn what_one_process_loads_the_other_finds_in_redis() {
    let server = TestServer::start().await;
    let (here, there, truth) = (cache(Some(&server)), cache(Some(&server)), Truth::default());
    truth.set(5);
    assert_eq!(truth.through(&here).await, 5);
    eventually("the write", async || value_in_redis(&server, &key()).await == Some(5)).await;
    assert_eq!(truth.through(&there).await, 5);
    assert_eq!(truth.asked(), 1);
}

#[tokio::test]
async fn an_invalidation_reaches_the_other_processes() {
    let server = TestServer::start().await;
    let (here, there, truth) = (cache(Some(&server)), cache(Some(&server)), Truth::default());
    truth.set(1);
    assert_eq!((truth.through(&here).await, truth.through(&there).await), (1, 1));
    truth.set(2);
    here.invalidate(&[Key::new("product", 8), key()]).await;
    assert_eq!(truth.through(&here).await, 2);
    eventually("the other process", async || truth.through(&there).await == 2).await;
}

#[tokio::test]
async fn a_lost_message_heals_when_the_local_entry_expires() {
    let server = TestServer::start().await;
    let config = CacheConfig { local_life: Duration::from_millis(300), ..CacheConfig::new(ServiceName::Product) };
    let (there, truth) = (Cache::new(Some(server.connect()), config), Truth::default());
    assert_eq!(truth.through(&there).await, 0);
    truth.set(9);
    // Redis forgets, and nobody is told.
    let mut commands = redis::pipe();
    Redis::forget(&mut commands, &key());
    server.connect().run::<()>("test", &commands).await.unwrap();
    eventually("healing", async || truth.through(&there).await == 9).await;
}

#[tokio::test]
async fn without_redis_everything_works_and_fast_and_with_its_return_it_is_used_again() {
    let mut server = TestServer::start().await;
    let (cache, truth) = (cache(Some(&server)), Truth::default());
    assert_eq!(truth.through(&cache).await, 0);
    server.kill();
    truth.set(1);
    cache.invalidate(&[key()]).await;
    assert_eq!(truth.through(&cache).await, 1);
    let began = Instant::now();
    for id in 0..200 {
        let load = || truth.read();
        assert_eq!(*cache.get_or_load(&Key::new("other", id), HOUR, load).await.unwrap(), 1);
    }
    assert!(began.elapsed() < Duration::from_secs(2), "the circuit is open: {:?}", began.elapsed());

    server.restart().await;
    eventually("Redis is used again", async || {
        let fresh = Key::new("fresh", Uuid::now_v7());
        cache.get_or_load(&fresh, HOUR, || truth.read()).await.unwrap();
        tokio::time::sleep(Duration::from_millis(20)).await;
        value_in_redis(&server, &fresh).await == Some(1)
    })
    .await;
}

#[tokio::test]
async fn an_invalidation_that_redis_missed_is_made_up_for() {
    let server = TestServer::start().await;
    let (here, truth) = (cache(Some(&server)), Truth::default());
    assert_eq!(truth.through(&here).await, 0);
    eventually("the write", async || value_in_redis(&server, &key()).await == Some(0)).await;
    // As if the network between us and Redis were cut: it keeps what it has.
    let redis = here.0.redis.clone().unwrap();
    redis.pretend_down();
    truth.set(1);
    here.invalidate(&[key()]).await;
    assert_eq!(truth.through(&here).await, 1);
    assert_eq!(value_in_redis(&server, &key()).await, Some(0), "Redis knows nothing yet");
    eventually("made up for", async || truth.through(&cache(Some(&server))).await == 1).await;
    eventually("paid", async || !here.0.owes(&key())).await;
    assert_eq!(truth.through(&here).await, 1);
}

#[tokio::test]
async fn however_often_it_is_asked_whether_redis_is_there_one_task_looks_for_it() {
    let mut server = TestServer::start().await;
    let redis = server.connect();
    server.kill();
    redis.ping().await.unwrap_err();
    let tasks = || tokio::runtime::Handle::current().metrics().num_alive_tasks();
    let looking = tasks();
    for _ in 0..20 {
        redis.ping().await.unwrap_err();
    }
    assert!(tasks() <= looking + 5, "{looking} tasks became {}", tasks());
}

#[tokio::test]
async fn a_service_starts_while_redis_is_down() {
    let mut server = TestServer::start().await;
    server.kill();
    let redis = server.connect();
    assert_eq!(redis.ping().await, Err(RedisUnavailable));
    let cache = Cache::new(Some(redis.clone()), CacheConfig::new(ServiceName::Cart));
    assert_eq!(Truth::default().through(&cache).await, 0);
    server.restart().await;
    assert_eq!(redis.ping().await, Ok(()));
}

#[tokio::test]
async fn a_value_of_another_shape_is_loaded_anew() {
    let server = TestServer::start().await;
    let text = cache(Some(&server));
    text.get_or_load(&key(), HOUR, async || Ok::<_, Problem>("seven".to_owned())).await.unwrap();
    assert_eq!(Truth::default().through(&text).await, 0, "two types under one key do not meet");
    assert_eq!(Truth::default().through(&cache(Some(&server))).await, 0);
}

#[tokio::test]
async fn a_connection_to_a_primary_that_is_one_no_more_is_given_up() {
    let server = TestServer::start().await;
    let redis = server.connect();
    let mut who = redis::pipe();
    who.cmd("CLIENT").arg("ID");
    let (before,): (u64,) = redis.run("test", &who).await.unwrap();
    let mut fail_over = redis::pipe();
    fail_over.cmd("REPLICAOF").arg("127.0.0.1").arg("1").ignore();
    redis.run::<()>("test", &fail_over).await.unwrap();
    let mut write = redis::pipe();
    write.cmd("SET").arg("a").arg("b").ignore();
    assert_eq!(redis.run::<()>("test", &write).await, Err(RedisUnavailable));
    eventually("a new connection", async || {
        redis.run::<(u64,)>("test", &who).await.is_ok_and(|(after,)| after != before)
    })
    .await;
}
