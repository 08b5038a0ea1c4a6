use std::time::Duration;

use futures::future::join_all;
use testkit::eventually;

use crate::world::World;

/// In a row, after which a service is left alone for a while.
const FAILURES: usize = 8;
const PATIENCE: Duration = Duration::from_secs(8);

#[tokio::test]
async fn clients_in_a_hurry_do_not_shut_a_service_for_everybody() {
    let world = World::start().await;
    world.behind.open(false);
    let hurried = join_all((0..FAILURES).map(|_| world.get_with("/api/v1/products", &[("x-time-left", "5")])));
    let open_when_all_are_there = async {
        eventually(PATIENCE, async || world.behind.asked() >= FAILURES).await;
        world.behind.open(true);
    };
    let (answers, ()) = tokio::join!(hurried, open_when_all_are_there);
    world.get("/api/v1/products").await.is(200);
    for answer in answers {
        answer.is(200);
    }
}

#[tokio::test]
async fn what_services_tell_one_another_is_not_taken_from_a_client() {
    let world = World::start().await;
    let told = [("x-time-left", "5"), ("x-correlation-id", "of-somebody-else"), ("x-request-id", "my-own")];
    world.get_with("/api/v1/products", &told).await.is(200);
    let time_left: u64 = world.behind.last("x-time-left").parse().unwrap();
    assert!(time_left > 1_000, "{time_left}");
    assert_eq!(world.behind.last("x-correlation-id"), "my-own", "which is what the request is called");
}
