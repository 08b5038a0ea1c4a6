output "tag_keys" {
  description = "Full keys of the defined tags, \"namespace.tag\"; whoever uses one waits until it exists."
  value       = local.keys
}

output "facts" {
  value = {
    budget     = oci_budget_budget.this.amount
    thresholds = sort([for rule in oci_budget_alert_rule.this : format("%03d", rule.threshold)])
    reports    = sort([for schedule in oci_metering_computation_schedule.this : schedule.schedule_recurrences])
  }
}
