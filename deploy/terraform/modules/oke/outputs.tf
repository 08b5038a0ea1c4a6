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

output "facts" {
  description = "Sizes as planned, to be held against topology.yaml."
  value = {
    minimum_nodes        = oci_containerengine_node_pool.this.node_config_details[0].size
    autoscaler_bounds    = "${var.nodes.minimum}:${var.nodes.maximum}"
    availability_domains = sort([for placement in oci_containerengine_node_pool.this.node_config_details[0].placement_configs : placement.availability_domain])
    fault_domains        = sum([for placement in oci_containerengine_node_pool.this.node_config_details[0].placement_configs : length(placement.fault_domains)])
    version              = oci_containerengine_cluster.this.kubernetes_version
    node                 = "${oci_containerengine_node_pool.this.node_shape} ${oci_containerengine_node_pool.this.node_shape_config[0].ocpus} OCPUs ${oci_containerengine_node_pool.this.node_shape_config[0].memory_in_gbs} GB"
    public_api           = oci_containerengine_cluster.this.endpoint_config[0].is_public_ip_enabled
  }
}
