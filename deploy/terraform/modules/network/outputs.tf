output "vcn_id" {
  value = oci_core_vcn.this.id
}

output "subnet_ids" {
  description = "By role: api, load_balancer, nodes, pods, data."
  value       = { for role, subnet in oci_core_subnet.this : role => subnet.id }
}

output "subnet_cidrs" {
  description = "By role; the network policies' egress rules name them."
  value       = { for role, subnet in oci_core_subnet.this : role => subnet.cidr_block }
}

output "group_ids" {
  description = "Network security groups: load_balancer, api, nodes, pods, database, cache, streaming."
  value       = { for role, group in oci_core_network_security_group.this : role => group.id }
}

output "ingress_ip" {
  description = "The reserved public address, for the DNS and for the load balancer's annotation."
  value       = oci_core_public_ip.ingress.ip_address
}
