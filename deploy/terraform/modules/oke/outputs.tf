output "cluster_id" {
  value = oci_containerengine_cluster.this.id
}

output "node_pool_id" {
  value = oci_containerengine_node_pool.this.id
}

output "api_endpoint" {
  description = "Host and port of the API, reached through the bastion."
  value       = one(oci_containerengine_cluster.this.endpoints[*].private_endpoint)
}

output "bastion_id" {
  description = "Null without operator_cidrs."
  value       = one(oci_bastion_bastion.this[*].id)
}
