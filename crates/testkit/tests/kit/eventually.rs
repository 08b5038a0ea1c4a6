use std::cell::Cell;
use std::time::Duration;

use testkit::eventually;

#[tokio::test]
async fn it_returns_what_the_first_successful_look_found() {
    let looks = Cell::new(0);
    let found = eventually(Duration::from_secs(10), || async {
        looks.set(looks.get() + 1);
        (looks.get() == 3).then_some("found")
    });
    assert_eq!(found.await, "found");
    assert_eq!(looks.get(), 3);
}

async fn message_of(task: impl Future<Output = ()> + Send + 'static) -> String {
    *tokio::spawn(task).await.unwrap_err().into_panic().downcast::<String>().unwrap()
}

#[tokio::test]
async fn it_fails_with_its_place_and_with_what_was_found_instead() {
    let message = message_of(async {
        eventually(Duration::from_millis(20), || async { Err::<(), _>("three of four") }).await;
    });
    let message = message.await;
    assert!(message.contains("eventually.rs:"), "{message}");
    assert!(message.contains("not within 20ms") && message.ends_with("looks found: three of four"), "{message}");
}

#[tokio::test]
async fn a_look_that_hangs_fails_too() {
    let message = message_of(async {
        eventually(Duration::from_millis(20), std::future::pending::<bool>).await;
    });
    let message = message.await;
    assert!(message.ends_with("look 1 did not end"), "{message}");
}
