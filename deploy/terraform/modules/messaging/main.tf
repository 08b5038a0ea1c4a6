resource "oci_streaming_stream_pool" "this" {
  compartment_id = var.compartment_id
  name           = "${var.name}-streams"
  freeform_tags  = var.tags.freeform
  defined_tags   = var.tags.defined

  custom_encryption_key {
    kms_key_id = var.kms_key_id
  }

  kafka_settings {
    # A misspelt topic must fail, not come into being.
    auto_create_topics_enable = false
    num_partitions            = var.partitions
    log_retention_hours       = var.retention_hours
  }

  private_endpoint_settings {
    subnet_id = var.subnet_id
    nsg_ids   = [var.group_id]
  }
}

resource "oci_streaming_stream" "this" {
  for_each = var.streams

  stream_pool_id     = oci_streaming_stream_pool.this.id
  name               = each.key
  partitions         = var.partitions
  retention_in_hours = var.retention_hours
  freeform_tags      = var.tags.freeform
  defined_tags       = var.tags.defined

  lifecycle {
    # Other numbers in the topology would make it anew, and the events in it would be gone without a word.
    prevent_destroy = true
  }
}

# Without the service's own dead letters: its interface cannot read them, so the services put theirs into a channel of the queue, after as many
# deliveries as the topology says (docs/decisions/0016-dead-letters-in-a-channel.md).
resource "oci_queue_queue" "this" {
  for_each = var.queues

  compartment_id                   = var.compartment_id
  display_name                     = each.key
  visibility_in_seconds            = each.value.visibility
  dead_letter_queue_delivery_count = 0
  retention_in_seconds             = var.queue_retention_days * 86400
  custom_encryption_key_id         = var.kms_key_id
  freeform_tags                    = var.tags.freeform
  defined_tags                     = var.tags.defined

  # The longest poll that the service allows: fewer empty requests to pay for.
  timeout_in_seconds = 30

  lifecycle {
    prevent_destroy = true
  }
}
