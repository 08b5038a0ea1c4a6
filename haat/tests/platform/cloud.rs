//! The shop on what the cloud offers in place of Redis: Kafka's protocol for streams, OCI Queue for queues.

use platform::topology::Topology;
use rdkafka::mocking::MockCluster;
use testkit::oci::{FINGERPRINT, Oci, TENANCY, USER};
use types::{QueueName, StreamName};

use crate::shop::Shop;

#[tokio::test(flavor = "multi_thread")]
async fn an_orders_whole_life_on_the_clouds_streams_and_queues() {
    let streams = MockCluster::new(1).unwrap();
    for stream in StreamName::ALL {
        streams.create_topic(stream.as_str(), 1, 1).unwrap();
    }
    let cloud = Oci::start().await;
    let queues: Vec<String> =
        QueueName::ALL.iter().map(|queue| format!("{queue}={}", cloud.queue_url(*queue))).collect();
    let shop = Shop::open_with(&[
        ("STREAMS", "kafka"),
        ("KAFKA_BROKERS", &streams.bootstrap_servers()),
        ("KAFKA_SECURITY_PROTOCOL", "plaintext"),
        ("QUEUES", "oci"),
        ("OCI_QUEUES", &queues.join(",")),
        ("OCI_AUTH", "api-key"),
        ("OCI_TENANCY", TENANCY),
        ("OCI_USER", USER),
        ("OCI_FINGERPRINT", FINGERPRINT),
        ("OCI_KEY_FILE", &cloud.key_file().display().to_string()),
    ])
    .await;
    haat::tour::walk_quietly(&shop.platform.url()).await.unwrap();
    shop.is_in_order().await;

    let topology = Topology::embedded().unwrap();
    for queue in QueueName::ALL {
        let owner = topology.owner_of_queue(*queue);
        assert!(cloud.queues.deleted(*queue) > 0, "{owner} has done nothing from {queue}");
        assert_eq!(cloud.queues.contents(*queue, "dead-letters").len(), 0, "{queue}");
    }
}
