locals {
  # Where each subnet is cut from the /16: bits added to the prefix, and the position among the pieces of that size.
  # The pods' piece is the largest, since every pod has an address of its own in the VCN.
  subnets = {
    api           = { bits = 12, position = 0, public = false }
    load_balancer = { bits = 8, position = 1, public = true }
    nodes         = { bits = 8, position = 2, public = false }
    data          = { bits = 8, position = 3, public = false }
    pods          = { bits = 3, position = 1, public = false }
  }

  cidrs = { for role, place in local.subnets : role => cidrsubnet(var.cidr, place.bits, place.position) }

  all_services = one(data.oci_core_services.all.services)
}

# The service gateway's label differs by region ("all-hyd-services-in-..."), so it is looked up.
data "oci_core_services" "all" {
  filter {
    name   = "name"
    values = ["All .* Services In Oracle Services Network"]
    regex  = true
  }
}

resource "oci_core_vcn" "this" {
  compartment_id = var.compartment_id
  display_name   = "${var.name}-vcn"
  cidr_blocks    = [var.cidr]
  dns_label      = "haat"
  freeform_tags  = var.tags.freeform
  defined_tags   = var.tags.defined
}

resource "oci_core_internet_gateway" "this" {
  compartment_id = var.compartment_id
  vcn_id         = oci_core_vcn.this.id
  display_name   = "${var.name}-internet"
  freeform_tags  = var.tags.freeform
  defined_tags   = var.tags.defined
}

resource "oci_core_nat_gateway" "this" {
  compartment_id = var.compartment_id
  vcn_id         = oci_core_vcn.this.id
  display_name   = "${var.name}-nat"
  freeform_tags  = var.tags.freeform
  defined_tags   = var.tags.defined
}

resource "oci_core_service_gateway" "this" {
  compartment_id = var.compartment_id
  vcn_id         = oci_core_vcn.this.id
  display_name   = "${var.name}-services"
  freeform_tags  = var.tags.freeform
  defined_tags   = var.tags.defined

  services {
    service_id = local.all_services.id
  }
}

resource "oci_core_route_table" "public" {
  compartment_id = var.compartment_id
  vcn_id         = oci_core_vcn.this.id
  display_name   = "${var.name}-public"
  freeform_tags  = var.tags.freeform
  defined_tags   = var.tags.defined

  route_rules {
    description       = "Answers to the internet"
    destination       = "0.0.0.0/0"
    destination_type  = "CIDR_BLOCK"
    network_entity_id = oci_core_internet_gateway.this.id
  }
}

resource "oci_core_route_table" "private" {
  compartment_id = var.compartment_id
  vcn_id         = oci_core_vcn.this.id
  display_name   = "${var.name}-private"
  freeform_tags  = var.tags.freeform
  defined_tags   = var.tags.defined

  route_rules {
    description       = "Payment, e-mail and SMS providers; public image registries"
    destination       = "0.0.0.0/0"
    destination_type  = "CIDR_BLOCK"
    network_entity_id = oci_core_nat_gateway.this.id
  }

  route_rules {
    description       = "Oracle's own services, without leaving its network"
    destination       = local.all_services.cidr_block
    destination_type  = "SERVICE_CIDR_BLOCK"
    network_entity_id = oci_core_service_gateway.this.id
  }
}

# A VCN is born with a list that opens SSH to the whole internet. Taken over and emptied, it gives nothing to whoever
# forgets a security group.
resource "oci_core_default_security_list" "nothing" {
  manage_default_resource_id = oci_core_vcn.this.default_security_list_id
  compartment_id             = var.compartment_id
  display_name               = "${var.name}-default-nothing"
  freeform_tags              = var.tags.freeform
  defined_tags               = var.tags.defined
}

# The bastion cannot be put into a group, so what it may reach stands in its subnet's list: the cluster's API, the databases and the streams,
# for people with a session. Who else stands in that subnet, the API's endpoint, may reach the two as well, and has no reason to.
resource "oci_core_security_list" "bastion" {
  # checkov:skip=CKV_OCI_16: nothing comes in by it
  # checkov:skip=CKV_OCI_19: nothing comes in by it, from anywhere
  compartment_id = var.compartment_id
  vcn_id         = oci_core_vcn.this.id
  display_name   = "${var.name}-bastion"
  freeform_tags  = var.tags.freeform
  defined_tags   = var.tags.defined

  dynamic "egress_security_rules" {
    for_each = { api = { subnet = "api", port = 6443 }, database = { subnet = "data", port = 5432 }, streaming = { subnet = "data", port = 9092 } }

    content {
      description      = "bastion to ${egress_security_rules.key}"
      destination      = local.cidrs[egress_security_rules.value.subnet]
      destination_type = "CIDR_BLOCK"
      protocol         = local.tcp

      tcp_options {
        min = egress_security_rules.value.port
        max = egress_security_rules.value.port
      }
    }
  }
}

# Regional, with no availability domain: the same five serve a region of one domain and of three, and what stands in them
# may move to another domain.
resource "oci_core_subnet" "this" {
  for_each = local.subnets

  compartment_id             = var.compartment_id
  vcn_id                     = oci_core_vcn.this.id
  display_name               = "${var.name}-${replace(each.key, "_", "-")}"
  cidr_block                 = local.cidrs[each.key]
  dns_label                  = replace(each.key, "_", "")
  prohibit_public_ip_on_vnic = !each.value.public
  prohibit_internet_ingress  = !each.value.public
  route_table_id             = each.value.public ? oci_core_route_table.public.id : oci_core_route_table.private.id
  security_list_ids          = [each.key == "api" ? oci_core_security_list.bastion.id : oci_core_vcn.this.default_security_list_id]
  freeform_tags              = var.tags.freeform
  defined_tags               = var.tags.defined
}
