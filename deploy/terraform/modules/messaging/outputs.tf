output "stream_pool_id" {
  description = "Last part of a Kafka client's user name."
  value       = oci_streaming_stream_pool.this.id
}

output "bootstrap_servers" {
  description = "Kafka's bootstrap address: SASL_SSL, mechanism PLAIN."
  value       = "${oci_streaming_stream_pool.this.endpoint_fqdn}:9092"
}

output "stream_ids" {
  value = { for name, stream in oci_streaming_stream.this : name => stream.id }
}

output "queues" {
  description = "By name: OCID, the endpoint that messages go through, and the URL of both that the services want (OCI_QUEUES)."
  value = { for name, queue in oci_queue_queue.this : name => {
    id       = queue.id
    endpoint = queue.messages_endpoint
    url      = "${trimsuffix(queue.messages_endpoint, "/")}/20210201/queues/${queue.id}"
  } }
}

output "facts" {
  description = "Sizes as planned, to be held against topology.yaml."
  value = {
    streams = { for name, stream in oci_streaming_stream.this : name => "${stream.partitions} x ${stream.retention_in_hours} h" }
    queues = { for name, queue in oci_queue_queue.this : name => {
      visibility   = queue.visibility_in_seconds
      dead_letters = queue.dead_letter_queue_delivery_count
      retention    = queue.retention_in_seconds
      display_name = queue.display_name
    } }
  }
}
