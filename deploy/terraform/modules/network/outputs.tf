output "vcn_id" {
  value = oci_core_vcn.this.id
}

output "name" {
  value = oci_core_vcn.this.display_name
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

output "public_subnets" {
  description = "Subnets in which a public address is possible: the load balancer's and no other."
  value       = [for role, subnet in oci_core_subnet.this : role if !subnet.prohibit_public_ip_on_vnic]
}

output "open_ports" {
  description = "Ports that 0.0.0.0/0 may reach, by security group."
  value = sort([
    for name, rule in local.rules : "${rule.group}:${rule.ports[0]}" if rule.direction == "INGRESS" && rule.peer == local.anywhere
  ])
}
