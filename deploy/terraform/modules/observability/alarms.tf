locals {
  bytes_per_tib = 1024 * 1024 * 1024 * 1024

  alarms = {
    database-cpu = {
      namespace = "oci_postgresql"
      query     = "CpuUtilization[5m]{dbInstanceRole = \"PRIMARY\"}.groupBy(resourceId).mean() > ${var.thresholds.database_cpu}"
      body      = "A database's primary is short of CPU. `haat autoscale` should have acted: see its log, then the runbook."
    }
    database-storage = {
      namespace = "oci_postgresql"
      query     = "UsedStorage[5m].groupBy(resourceId).max() > ${floor(var.storage_tib * local.bytes_per_tib * var.thresholds.database_storage / 100)}"
      body      = "A database holds more than ${var.thresholds.database_storage} % of the ${var.storage_tib} TiB planned for it. It does not stop; its cost grows."
    }
    database-replica-lag = {
      namespace = "oci_postgresql"
      query     = "ReplicationLag[1m].groupBy(resourceId).max() > ${var.thresholds.replica_lag}"
      body      = "A read replica is behind by more than ${var.thresholds.replica_lag} s: readers see old data."
    }
    redis-memory = {
      namespace = "oci_redis"
      query     = "MemoryUtilization[5m].groupBy(resourceId).max() > ${var.thresholds.redis_memory}"
      body      = "Redis will soon evict. Nothing is lost by that but speed."
    }
    load-balancer-5xx = {
      namespace = "oci_lbaas"
      query     = "HttpResponses5xx[5m].groupBy(resourceId).sum() > ${var.thresholds.load_balancer_5xx}"
      body      = "More than ${var.thresholds.load_balancer_5xx} server errors in five minutes."
    }
    node-cpu = {
      namespace = "oci_computeagent"
      query     = "CpuUtilization[5m]{resourceDisplayName =~ \"oke-*\"}.groupBy(resourceId).mean() > ${var.thresholds.node_cpu}"
      body      = "A node is short of CPU. The autoscaler adds nodes by requests, not by use: a pod uses more than it asked for."
    }
  }
}

resource "oci_ons_notification_topic" "alerts" {
  compartment_id = var.compartment_id
  name           = "${var.name}-alerts"
  description    = "Alarms of ${var.name}"
  freeform_tags  = var.tags.freeform
  defined_tags   = var.tags.defined
}

resource "oci_ons_subscription" "email" {
  for_each = var.emails

  compartment_id = var.compartment_id
  topic_id       = oci_ons_notification_topic.alerts.id
  protocol       = "EMAIL"
  endpoint       = each.key
  freeform_tags  = var.tags.freeform
  defined_tags   = var.tags.defined
}

resource "oci_monitoring_alarm" "this" {
  for_each = local.alarms

  compartment_id        = var.compartment_id
  metric_compartment_id = var.compartment_id
  display_name          = "${var.name}-${each.key}"
  namespace             = each.value.namespace
  query                 = each.value.query
  body                  = each.value.body
  severity              = "CRITICAL"
  is_enabled            = true
  destinations          = [oci_ons_notification_topic.alerts.id]
  message_format        = "ONS_OPTIMIZED"
  pending_duration      = "PT5M"
  freeform_tags         = var.tags.freeform
  defined_tags          = var.tags.defined

  # Ten databases share an alarm: each tells of itself, and goes on telling until it is well.
  is_notifications_per_metric_dimension_enabled = true
  repeat_notification_duration                  = "PT2H"
}
