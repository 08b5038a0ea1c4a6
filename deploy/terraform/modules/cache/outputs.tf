output "id" {
  value = oci_redis_redis_cluster.this.id
}

output "url" {
  description = "REDIS_URL: TLS, checked by name. It holds no secret; who may connect is decided by the network."
  value       = "rediss://${oci_redis_redis_cluster.this.primary_fqdn}:6379"
}

output "facts" {
  description = "Sizes as planned."
  value       = "${oci_redis_redis_cluster.this.node_count} x ${oci_redis_redis_cluster.this.node_memory_in_gbs} GB ${oci_redis_redis_cluster.this.software_version} ${oci_redis_redis_cluster.this.cluster_mode}"
}
