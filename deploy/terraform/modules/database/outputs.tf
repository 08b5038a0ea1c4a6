output "ids" {
  description = "By service: the database system, for the alarms and for the controller that scales."
  value       = { for service, system in oci_psql_db_system.this : service => system.id }
}

output "nodes" {
  description = "By service: the name of every node, the primary's too, since after a failover another is it. Empty without replicas."
  value = { for service, detail in data.oci_psql_db_system_connection_detail.this : service =>
    var.replicas > 0 ? sort([for node in detail.instance_endpoints : one(node.endpoint).fqdn]) : []
  }
}

output "endpoints" {
  description = "By service: names by which the server's certificate is checked, and the primary's address, which the bastion wants. The reader is null without replicas."
  value = { for service, detail in data.oci_psql_db_system_connection_detail.this : service => {
    host    = one(detail.primary_db_endpoint).fqdn
    address = one(detail.primary_db_endpoint).ip_address
    reader  = var.replicas > 0 ? one(detail.reader_endpoint).fqdn : null
    port    = one(detail.primary_db_endpoint).port
  } }
}

output "ca_certificates" {
  description = "By service: the authority for sslmode=verify-full."
  value       = { for service, detail in data.oci_psql_db_system_connection_detail.this : service => detail.ca_certificate }
}

output "maximum_ocpus" {
  description = "The smaller of the environment's cap and of what the shape offers."
  value       = local.maximum_ocpus
}

output "postgresql_version" {
  description = "A standby in another region has to be of the same."
  value       = var.postgresql_version
}

output "shape" {
  value = var.shape
}

output "facts" {
  description = "By service: sizes as planned, to be held against topology.yaml."
  value = { for service, system in oci_psql_db_system.this : service => {
    display_name = system.display_name
    instances    = system.instance_count
    ocpus        = system.instance_ocpu_count
    backup_days  = system.management_policy[0].backup_policy[0].retention_days
    pitr_days    = system.management_policy[0].pitr_policy[0].restore_days
    copies       = flatten(system.management_policy[0].backup_policy[0].copy_policy[*].regions)
    reader       = system.network_details[0].is_reader_endpoint_enabled
    regional     = system.storage_details[0].is_regionally_durable
    tags         = merge(system.freeform_tags, system.defined_tags)
  } }
}
