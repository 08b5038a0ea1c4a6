output "tag_keys" {
  description = "Full keys of the defined tags, \"namespace.tag\"; whoever uses one waits until it exists."
  value       = local.keys
}
