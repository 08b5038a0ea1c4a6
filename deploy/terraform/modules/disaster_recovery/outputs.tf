output "vault" {
  description = "Where secrets are copied to, as the module secrets wants it."
  value       = { region = var.region, vault_id = oci_kms_vault.this.id, key_id = oci_kms_key.this.id }
}

output "cluster_id" {
  description = "Null before the disaster."
  value       = one(module.oke[*].cluster_id)
}

output "stream_ids" {
  description = "Empty before the disaster."
  value       = merge({}, module.messaging[*].stream_ids...)
}

output "queues" {
  description = "Empty before the disaster."
  value       = merge({}, module.messaging[*].queues...)
}

output "standby_ids" {
  description = "By service."
  value       = { for service, system in oci_psql_db_system.standby : service => system.id }
}

output "summary" {
  description = "What an operator needs to move the shop here."
  value = {
    region       = var.region
    vault_id     = oci_kms_vault.this.id
    images       = module.registry.repositories
    standbys     = { for service, system in oci_psql_db_system.standby : service => system.id }
    ingress_ip   = one(module.network[*].ingress_ip)
    cluster_id   = one(module.oke[*].cluster_id)
    redis_url    = one(module.cache[*].url)
    kafka        = one(module.messaging[*].bootstrap_servers)
    stream_pool  = one(module.messaging[*].stream_pool_id)
    queues       = { for queue, facts in merge({}, module.messaging[*].queues...) : queue => facts.url }
    node_pool_id = one(module.oke[*].node_pool_id)
  }
}
