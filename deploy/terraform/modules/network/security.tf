locals {
  tcp  = "6"
  icmp = "1"

  anywhere = "0.0.0.0/0"
  services = local.all_services.cidr_block

  groups = toset(["load_balancer", "api", "nodes", "pods", "database", "cache", "streaming"])

  # Rules are stateful: an answer needs none of its own. A peer is a group above, the cloud's services, or a range.
  # No `ports` means every port of TCP; `protocol = "all"` means everything.
  rules = {
    internet_to_load_balancer_https = { group = "load_balancer", direction = "INGRESS", peer = local.anywhere, ports = [443, 443] }
    internet_to_load_balancer_http  = { group = "load_balancer", direction = "INGRESS", peer = local.anywhere, ports = [80, 80] }
    load_balancer_to_nodes          = { group = "load_balancer", direction = "EGRESS", peer = "nodes", ports = [30000, 32767] }
    load_balancer_to_node_health    = { group = "load_balancer", direction = "EGRESS", peer = "nodes", ports = [10256, 10256] }
    load_balancer_to_pods           = { group = "load_balancer", direction = "EGRESS", peer = "pods", ports = [8443, 8443] }

    api_from_nodes         = { group = "api", direction = "INGRESS", peer = "nodes", ports = [6443, 6443] }
    api_from_nodes_control = { group = "api", direction = "INGRESS", peer = "nodes", ports = [12250, 12250] }
    api_from_pods          = { group = "api", direction = "INGRESS", peer = "pods", ports = [6443, 6443] }
    api_from_pods_control  = { group = "api", direction = "INGRESS", peer = "pods", ports = [12250, 12250] }
    api_from_bastion       = { group = "api", direction = "INGRESS", peer = oci_core_subnet.this["api"].cidr_block, ports = [6443, 6443] }
    api_path_discovery_in  = { group = "api", direction = "INGRESS", peer = var.cidr, protocol = local.icmp }
    api_to_services        = { group = "api", direction = "EGRESS", peer = "services", ports = [443, 443] }
    api_to_nodes           = { group = "api", direction = "EGRESS", peer = "nodes", ports = [10250, 10250] }
    api_to_pods            = { group = "api", direction = "EGRESS", peer = "pods" }
    api_path_discovery_out = { group = "api", direction = "EGRESS", peer = var.cidr, protocol = local.icmp }

    nodes_from_api           = { group = "nodes", direction = "INGRESS", peer = "api", ports = [10250, 10250] }
    nodes_from_load_balancer = { group = "nodes", direction = "INGRESS", peer = "load_balancer", ports = [30000, 32767] }
    nodes_from_health_check  = { group = "nodes", direction = "INGRESS", peer = "load_balancer", ports = [10256, 10256] }
    nodes_from_metrics       = { group = "nodes", direction = "INGRESS", peer = "pods", ports = [10250, 10250] }
    nodes_path_discovery_in  = { group = "nodes", direction = "INGRESS", peer = var.cidr, protocol = local.icmp }
    nodes_to_api             = { group = "nodes", direction = "EGRESS", peer = "api", ports = [6443, 6443] }
    nodes_to_api_control     = { group = "nodes", direction = "EGRESS", peer = "api", ports = [12250, 12250] }
    nodes_to_pods            = { group = "nodes", direction = "EGRESS", peer = "pods", protocol = "all" }
    nodes_to_services        = { group = "nodes", direction = "EGRESS", peer = "services", ports = [443, 443] }
    nodes_to_registries      = { group = "nodes", direction = "EGRESS", peer = local.anywhere, ports = [443, 443] }
    # Calico's Typha has its node's address: without it Calico knows the policies on that node alone, and on all others none is enforced.
    nodes_to_typha           = { group = "nodes", direction = "EGRESS", peer = "nodes", ports = [5473, 5473] }
    nodes_from_typha         = { group = "nodes", direction = "INGRESS", peer = "nodes", ports = [5473, 5473] }
    nodes_path_discovery_out = { group = "nodes", direction = "EGRESS", peer = var.cidr, protocol = local.icmp }

    pods_from_api           = { group = "pods", direction = "INGRESS", peer = "api" }
    pods_from_nodes         = { group = "pods", direction = "INGRESS", peer = "nodes", protocol = "all" }
    pods_from_pods          = { group = "pods", direction = "INGRESS", peer = "pods", protocol = "all" }
    pods_from_load_balancer = { group = "pods", direction = "INGRESS", peer = "load_balancer", ports = [8443, 8443] }
    pods_to_pods            = { group = "pods", direction = "EGRESS", peer = "pods", protocol = "all" }
    pods_to_api             = { group = "pods", direction = "EGRESS", peer = "api", ports = [6443, 6443] }
    pods_to_api_control     = { group = "pods", direction = "EGRESS", peer = "api", ports = [12250, 12250] }
    pods_to_metrics         = { group = "pods", direction = "EGRESS", peer = "nodes", ports = [10250, 10250] }
    pods_to_database        = { group = "pods", direction = "EGRESS", peer = "database", ports = [5432, 5432] }
    pods_to_cache           = { group = "pods", direction = "EGRESS", peer = "cache", ports = [6379, 6379] }
    pods_to_streaming       = { group = "pods", direction = "EGRESS", peer = "streaming", ports = [9092, 9092] }
    pods_to_services        = { group = "pods", direction = "EGRESS", peer = "services", ports = [443, 443] }
    pods_to_providers       = { group = "pods", direction = "EGRESS", peer = local.anywhere, ports = [443, 443] }
    pods_to_mail            = { group = "pods", direction = "EGRESS", peer = local.anywhere, ports = [465, 465] }
    pods_to_mail_submission = { group = "pods", direction = "EGRESS", peer = local.anywhere, ports = [587, 587] }

    database_from_pods     = { group = "database", direction = "INGRESS", peer = "pods", ports = [5432, 5432] }
    database_from_bastion  = { group = "database", direction = "INGRESS", peer = oci_core_subnet.this["api"].cidr_block, ports = [5432, 5432] }
    cache_from_pods        = { group = "cache", direction = "INGRESS", peer = "pods", ports = [6379, 6379] }
    streaming_from_pods    = { group = "streaming", direction = "INGRESS", peer = "pods", ports = [9092, 9092] }
    streaming_from_bastion = { group = "streaming", direction = "INGRESS", peer = oci_core_subnet.this["api"].cidr_block, ports = [9092, 9092] }
  }

  # What the provider wants for a peer, once, for either direction.
  peers = { for name, rule in local.rules : name => {
    id   = contains(local.groups, rule.peer) ? oci_core_network_security_group.this[rule.peer].id : rule.peer == "services" ? local.services : rule.peer
    type = contains(local.groups, rule.peer) ? "NETWORK_SECURITY_GROUP" : rule.peer == "services" ? "SERVICE_CIDR_BLOCK" : "CIDR_BLOCK"
  } }
}

resource "oci_core_network_security_group" "this" {
  for_each = local.groups

  compartment_id = var.compartment_id
  vcn_id         = oci_core_vcn.this.id
  display_name   = "${var.name}-${replace(each.key, "_", "-")}"
  freeform_tags  = var.tags.freeform
  defined_tags   = var.tags.defined
}

resource "oci_core_network_security_group_security_rule" "this" {
  # checkov:skip=CKV_OCI_21: a stateless rule wants another for the answers, open to every high port
  for_each = local.rules

  network_security_group_id = oci_core_network_security_group.this[each.value.group].id
  description               = replace(each.key, "_", " ")
  direction                 = each.value.direction
  protocol                  = try(each.value.protocol, local.tcp)
  stateless                 = false

  source           = each.value.direction == "INGRESS" ? local.peers[each.key].id : null
  source_type      = each.value.direction == "INGRESS" ? local.peers[each.key].type : null
  destination      = each.value.direction == "EGRESS" ? local.peers[each.key].id : null
  destination_type = each.value.direction == "EGRESS" ? local.peers[each.key].type : null

  dynamic "tcp_options" {
    for_each = try([each.value.ports], [])

    content {
      destination_port_range {
        min = tcp_options.value[0]
        max = tcp_options.value[1]
      }
    }
  }

  # "Fragmentation needed": without it a large answer over a smaller path hangs for ever.
  dynamic "icmp_options" {
    for_each = try(each.value.protocol, local.tcp) == local.icmp ? [1] : []

    content {
      type = 3
      code = 4
    }
  }
}

# Reserved, so that the name in the DNS outlives the load balancer that the cluster makes and unmakes.
resource "oci_core_public_ip" "ingress" {
  compartment_id = var.compartment_id
  display_name   = "${var.name}-ingress"
  lifetime       = "RESERVED"
  freeform_tags  = var.tags.freeform
  defined_tags   = var.tags.defined

  lifecycle {
    # The cluster attaches it.
    ignore_changes = [private_ip_id]
  }
}
