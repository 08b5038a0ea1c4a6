mock_provider "oci" {
  override_during = plan

  mock_resource "oci_streaming_stream_pool" {
    defaults = { id = "ocid1.streampool.oc1..test", endpoint_fqdn = "cell-1.streaming.example" }
  }
  mock_resource "oci_queue_queue" {
    defaults = { id = "ocid1.queue.oc1..test", messages_endpoint = "https://cell-1.queue.messaging.ap-hyderabad-1.oci.oraclecloud.com" }
  }
}

variables {
  compartment_id       = "ocid1.compartment.oc1..test"
  name                 = "ecommerce-test"
  streams              = ["user-events", "order-events"]
  partitions           = 1
  retention_hours      = 24
  queues               = { user-service-events = { visibility = 30 } }
  queue_retention_days = 7
  kms_key_id           = "key"
  subnet_id            = "subnet-data"
  group_id             = "nsg-streaming"
  tags                 = { freeform = { product = "haat" }, defined = {} }
}

run "streams_are_private_and_encrypted" {
  command = plan

  assert {
    condition     = keys(oci_streaming_stream.this) == ["order-events", "user-events"]
    error_message = "a stream is missing"
  }
  assert {
    condition     = alltrue([for stream in oci_streaming_stream.this : stream.partitions == 1 && stream.retention_in_hours == 24])
    error_message = "one partition, one day"
  }
  assert {
    condition     = oci_streaming_stream_pool.this.private_endpoint_settings[0].subnet_id == "subnet-data" && oci_streaming_stream_pool.this.private_endpoint_settings[0].nsg_ids == toset(["nsg-streaming"])
    error_message = "the pool has a public endpoint"
  }
  assert {
    condition     = oci_streaming_stream_pool.this.custom_encryption_key[0].kms_key_id == "key" && !oci_streaming_stream_pool.this.kafka_settings[0].auto_create_topics_enable
    error_message = "own key, and no topics by misspelling"
  }
  assert {
    condition     = output.bootstrap_servers == "cell-1.streaming.example:9092"
    error_message = "Kafka's port is 9092"
  }
}

run "a_queue_hides_what_is_in_work" {
  command = plan

  assert {
    condition     = oci_queue_queue.this["user-service-events"].display_name == "user-service-events"
    error_message = "a queue has the topology's name"
  }

  assert {
    condition     = oci_queue_queue.this["user-service-events"].dead_letter_queue_delivery_count == 0 && oci_queue_queue.this["user-service-events"].visibility_in_seconds == 30
    error_message = "hidden for 30 s, and no dead letters that nobody can read"
  }
  assert {
    condition     = oci_queue_queue.this["user-service-events"].retention_in_seconds == 604800
    error_message = "kept for seven days"
  }
  assert {
    condition     = output.queues["user-service-events"].url == "https://cell-1.queue.messaging.ap-hyderabad-1.oci.oraclecloud.com/20210201/queues/ocid1.queue.oc1..test"
    error_message = "the URL as the services want it: endpoint, version of the API, OCID"
  }
  assert {
    condition     = oci_queue_queue.this["user-service-events"].custom_encryption_key_id == "key"
    error_message = "encrypted with the environment's key"
  }
}

run "a_stream_kept_too_briefly_is_refused" {
  command = plan
  variables { retention_hours = 12 }
  expect_failures = [var.retention_hours]
}

run "half_a_partition_is_refused" {
  command = plan
  variables { partitions = 0.5 }
  expect_failures = [var.partitions]
}

run "a_queue_kept_too_long_is_refused" {
  command = plan
  variables { queue_retention_days = 8 }
  expect_failures = [var.queue_retention_days]
}

run "a_message_hidden_for_a_day_is_refused" {
  command = plan
  variables { queues = { user-service-events = { visibility = 86400 } } }
  expect_failures = [var.queues]
}
