output "id" {
  value = oci_redis_redis_cluster.this.id
}

output "url" {
  description = "REDIS_URL: TLS, checked by name. It holds no secret; who may connect is decided by the network."
  value       = "rediss://${oci_redis_redis_cluster.this.primary_fqdn}:6379"
}
