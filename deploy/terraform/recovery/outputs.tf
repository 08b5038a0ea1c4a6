output "standbys" {
  description = "By service: OCID."
  value       = module.disaster_recovery.standby_ids
}

output "ingress_ip" {
  description = "For the DNS."
  value       = module.disaster_recovery.ingress_ip
}

output "databases" {
  description = "As in the environments. Empty before the disaster."
  value       = module.disaster_recovery.databases
}

output "kubernetes" {
  description = "As in the environments. Null before the disaster."
  value       = module.disaster_recovery.kubernetes
}

output "overlay" {
  description = "For `deploy/kubernetes/fill.py`, as in the environments. Null before the disaster."
  value       = module.disaster_recovery.overlay
}
