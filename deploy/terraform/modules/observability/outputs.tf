output "topic_id" {
  value = oci_ons_notification_topic.alerts.id
}

output "log_ids" {
  description = "By service."
  value       = { for service, log in oci_logging_log.service : service => log.id }
}

output "log_retention_days" {
  description = "What the logs are really kept for: the wish, rounded up to the service's steps of thirty days."
  value       = local.retention
}

output "flow_log_bucket" {
  value = oci_objectstorage_bucket.flow_logs.name
}
