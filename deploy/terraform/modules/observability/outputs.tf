output "topic_id" {
  value = oci_ons_notification_topic.alerts.id
}

output "log_ids" {
  description = "By service."
  value       = { for service, log in oci_logging_log.service : service => log.id }
}

output "log_retention_days" {
  value = var.log_days
}

output "flow_log_bucket" {
  value = oci_objectstorage_bucket.flow_logs.name
}

output "traces" {
  description = "Where the collector sends traces; its key is read with `oci apm-control-plane data-key list`, so that no state has it."
  value = {
    domain_id = oci_apm_apm_domain.this.id
    endpoint  = "${oci_apm_apm_domain.this.data_upload_endpoint}/20200101/opentelemetry/private"
  }
}

output "facts" {
  description = "Alarms and retention as planned, to be held against topology.yaml."
  value = {
    alarms        = { for name, alarm in oci_monitoring_alarm.this : name => alarm.query }
    topic         = oci_ons_notification_topic.alerts.name
    subscriptions = sort([for subscription in oci_ons_subscription.email : subscription.endpoint])
    log_days      = toset([for log in oci_logging_log.service : log.retention_duration])
    logs          = sort([for log in oci_logging_log.service : log.display_name])
    flow_log_days = one(oci_objectstorage_object_lifecycle_policy.flow_logs.rules).time_amount
  }
}
