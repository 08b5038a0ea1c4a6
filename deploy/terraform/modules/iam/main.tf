locals {
  here = "in compartment id ${var.compartment_id}"

  # What makes a pod itself: its service account, in its namespace, in this cluster and no other.
  workload = { for account in concat(
    [for service in keys(var.services) : "${service}-service"],
    ["database-setup", "autoscale", "registry"],
    ) : account => join(", ", [
      "request.principal.type = 'workload'",
      "request.principal.namespace = '${var.namespace}'",
      "request.principal.service_account = '${account}'",
      "request.principal.cluster_id = '${var.cluster_id}'",
  ]) }

  # The same rights for a service's pod and for its Kafka user. One statement per stream: conditions stay flat.
  stream_rights = { for service, rights in var.services : service => concat(
    [for stream in sort(rights.publishes) : { verb = "stream-push", stream = var.stream_ids[stream] }],
    [for stream in sort(rights.consumes) : { verb = "stream-pull", stream = var.stream_ids[stream] }],
  ) }

  kafka_users = toset([for service, rights in local.stream_rights : service if length(rights) > 0])

  # Users and groups are the tenancy's, in all of its regions: where the environment has them already, only rights are added.
  makes_users  = var.kafka_groups == null
  kafka_groups = local.makes_users ? { for service, group in oci_identity_group.kafka : service => group.id } : var.kafka_groups
}

resource "oci_identity_policy" "service" {
  for_each = var.services

  compartment_id = var.compartment_id
  name           = "${var.name}-${each.key}-service"
  description    = "What a pod of the service ${each.key} may do, by workload identity"
  freeform_tags  = merge(var.tags.freeform, { service = each.key })
  defined_tags   = var.tags.defined

  statements = concat(
    [
      "Allow any-user to read secret-bundles ${local.here} where all {${local.workload["${each.key}-service"]}, target.secret.name = /${var.secret_prefix}.${each.key}-service.*/}",
    ],
    [
      for right in local.stream_rights[each.key] :
      "Allow any-user to use ${right.verb} ${local.here} where all {${local.workload["${each.key}-service"]}, target.stream.id = '${right.stream}'}"
    ],
    # Reading the queue itself is for its size, by which it is watched.
    flatten([for queue in sort(each.value.queues) : [
      for right in ["use queue-push", "use queue-pull", "read queues"] :
      "Allow any-user to ${right} ${local.here} where all {${local.workload["${each.key}-service"]}, target.queue.id = '${var.queue_ids[queue]}'}"
    ]]),
  )
}

# Streaming's Kafka endpoint knows users with an auth token and nothing else. One for each service, so that a leaked token
# reads and writes that service's streams only. The tokens are made by hand: Terraform would keep them in its state.
resource "oci_identity_user" "kafka" {
  for_each = local.makes_users ? local.kafka_users : []

  compartment_id = var.tenancy_id
  name           = "${var.name}-${each.key}-kafka"
  description    = "Kafka client of the service ${each.key}"
  email          = var.contact
  freeform_tags  = merge(var.tags.freeform, { service = each.key })
  defined_tags   = var.tags.defined
}

resource "oci_identity_user_capabilities_management" "kafka" {
  for_each = oci_identity_user.kafka

  user_id                      = each.value.id
  can_use_auth_tokens          = true
  can_use_api_keys             = false
  can_use_console_password     = false
  can_use_customer_secret_keys = false
  can_use_smtp_credentials     = false
}

resource "oci_identity_group" "kafka" {
  for_each = local.makes_users ? local.kafka_users : []

  compartment_id = var.tenancy_id
  name           = "${var.name}-${each.key}-kafka"
  description    = "Kafka client of the service ${each.key}"
  freeform_tags  = merge(var.tags.freeform, { service = each.key })
  defined_tags   = var.tags.defined
}

resource "oci_identity_user_group_membership" "kafka" {
  for_each = oci_identity_user.kafka

  user_id  = each.value.id
  group_id = oci_identity_group.kafka[each.key].id
}

resource "oci_identity_policy" "kafka" {
  for_each = local.kafka_users

  compartment_id = var.compartment_id
  name           = "${var.name}-${each.key}-kafka"
  description    = "The streams of the service ${each.key}, for its Kafka user"
  freeform_tags  = merge(var.tags.freeform, { service = each.key })
  defined_tags   = var.tags.defined

  statements = [
    for right in local.stream_rights[each.key] :
    "Allow group id ${local.kafka_groups[each.key]} to use ${right.verb} ${local.here} where target.stream.id = '${right.stream}'"
  ]
}
