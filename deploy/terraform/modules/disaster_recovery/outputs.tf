output "standby_ids" {
  description = "By service."
  value       = { for service, system in oci_psql_db_system.standby : service => system.id }
}

output "ingress_ip" {
  description = "The reserved public address, for the DNS once a disaster is declared."
  value       = module.network.ingress_ip
}

output "kubernetes" {
  description = "As the environment's own output of this name. Null before the disaster."
  value = var.disaster ? {
    cluster_id     = module.oke[0].cluster_id
    api_endpoint   = module.oke[0].api_endpoint
    bastion_id     = module.oke[0].bastion_id
    namespace      = local.home.namespace
    compartment_id = local.home.compartment_id
    vault_id       = local.home.vault.vault_id
    key_id         = local.home.vault.key_id
    region         = local.home.region
  } : null
}

output "overlay" {
  description = "By file of the overlay, what stands in it. Null before the disaster."
  value       = one(module.overlay[*].files)
}

output "databases" {
  description = "By service: OCID, name and address, as in the environments. Empty before the disaster."
  value = { for service, detail in data.oci_psql_db_system_connection_detail.standby : service => {
    id      = oci_psql_db_system.standby[service].id
    host    = one(detail.primary_db_endpoint).fqdn
    address = one(detail.primary_db_endpoint).ip_address
  } }
}

output "facts" {
  description = "What is planned, to be held against the environment's own."
  value = {
    standbys   = length(oci_psql_db_system.standby)
    rights     = one(module.iam[*].facts)
    stream_ids = merge({}, module.messaging[*].stream_ids...)
    queues     = merge({}, module.messaging[*].queues...)
  }
}
