mock_provider "oci" {
  mock_data "oci_core_services" {
    defaults = {
      services = [{
        id          = "ocid1.service.oc1..all"
        name        = "All HYD Services In Oracle Services Network"
        cidr_block  = "all-hyd-services-in-oracle-services-network"
        description = "All"
      }]
    }
  }
}

variables {
  compartment_id = "ocid1.compartment.oc1..test"
  name           = "ecommerce-test"
  cidr           = "10.7.0.0/16"
  tags           = { freeform = { product = "haat" }, defined = {} }
}

run "every_subnet_has_its_place" {
  assert {
    condition = { for role, subnet in oci_core_subnet.this : role => subnet.cidr_block } == {
      api           = "10.7.0.0/28"
      load_balancer = "10.7.1.0/24"
      nodes         = "10.7.2.0/24"
      data          = "10.7.3.0/24"
      pods          = "10.7.32.0/19"
    }
    error_message = "a subnet moved: what stands in it would have to be made anew"
  }

  assert {
    condition     = alltrue([for subnet in oci_core_subnet.this : subnet.availability_domain == null || !can(regex("AD-[0-9]$", subnet.availability_domain))])
    error_message = "a subnet is bound to one availability domain"
  }
}

run "only_the_load_balancer_can_have_a_public_address" {
  assert {
    condition     = [for role, subnet in oci_core_subnet.this : role if !subnet.prohibit_public_ip_on_vnic] == ["load_balancer"]
    error_message = "a private subnet allows public addresses"
  }

  assert {
    condition     = [for role, subnet in oci_core_subnet.this : role if !subnet.prohibit_internet_ingress] == ["load_balancer"]
    error_message = "a private subnet lets the internet in"
  }

  assert {
    condition     = [for role, subnet in oci_core_subnet.this : role if subnet.route_table_id == oci_core_route_table.public.id] == ["load_balancer"]
    error_message = "a private subnet has a route through the internet gateway"
  }
}

run "the_internet_reaches_only_the_load_balancer" {
  assert {
    condition = alltrue([
      for rule in oci_core_network_security_group_security_rule.this :
      rule.network_security_group_id == oci_core_network_security_group.this["load_balancer"].id
      if rule.direction == "INGRESS" && rule.source == "0.0.0.0/0"
    ])
    error_message = "a group other than the load balancer's is open to 0.0.0.0/0"
  }

  assert {
    condition = sort([
      for rule in oci_core_network_security_group_security_rule.this : tostring(rule.tcp_options[0].destination_port_range[0].max)
      if rule.direction == "INGRESS" && rule.source == "0.0.0.0/0"
    ]) == sort(["80", "443"])
    error_message = "the load balancer listens on 80 and 443, nothing else"
  }

  assert {
    condition     = length(oci_core_default_security_list.nothing.ingress_security_rules) == 0 && length(oci_core_default_security_list.nothing.egress_security_rules) == 0
    error_message = "the VCN's default list must stay empty: it applies to every subnet"
  }
}

run "what_leaves_for_the_internet" {
  assert {
    condition = sort([
      for rule in oci_core_network_security_group_security_rule.this : rule.description
      if rule.direction == "EGRESS" && rule.destination == "0.0.0.0/0"
      ]) == tolist(["nodes to registries", "pods to mail", "pods to mail submission", "pods to providers"]) && toset([
      for rule in oci_core_network_security_group_security_rule.this : tostring(rule.tcp_options[0].destination_port_range[0].max)
      if rule.direction == "EGRESS" && rule.destination == "0.0.0.0/0"
    ]) == toset(["443", "465", "587"])
    error_message = "HTTPS, and mail with TLS (465) or to submit (587): nothing else"
  }
}

run "data_is_reached_by_pods_and_through_the_bastion_alone" {
  assert {
    condition = {
      for role in ["database", "cache", "streaming"] : role => sort([
        for rule in oci_core_network_security_group_security_rule.this :
        "${rule.direction} ${rule.source == oci_core_network_security_group.this["pods"].id ? "pods" : rule.source} ${rule.tcp_options[0].destination_port_range[0].max}"
        if rule.network_security_group_id == oci_core_network_security_group.this[role].id
      ])
      } == {
      database  = tolist(["INGRESS 10.7.0.0/28 5432", "INGRESS pods 5432"])
      cache     = tolist(["INGRESS pods 6379"])
      streaming = tolist(["INGRESS 10.7.0.0/28 9092", "INGRESS pods 9092"])
    }
    error_message = "something besides a pod, or the bastion's subnet, reaches the database, the cache or the streams, or on another port"
  }
  assert {
    condition = { for rule in oci_core_security_list.bastion.egress_security_rules : rule.description => "${rule.destination} ${rule.tcp_options[0].min}-${rule.tcp_options[0].max}" } == {
      "bastion to api"       = "10.7.0.0/28 6443-6443"
      "bastion to database"  = "10.7.3.0/24 5432-5432"
      "bastion to streaming" = "10.7.3.0/24 9092-9092"
    } && length(oci_core_security_list.bastion.ingress_security_rules) == 0
    error_message = "a person's way in leads to the API, the databases and the streams, and no further"
  }
  assert {
    condition     = [for role, subnet in oci_core_subnet.this : role if contains(subnet.security_list_ids, oci_core_security_list.bastion.id)] == ["api"]
    error_message = "the bastion stands in the subnet api, and its list is for no other"
  }
}

run "policies_are_known_on_every_node" {
  assert {
    condition = toset([
      for rule in oci_core_network_security_group_security_rule.this : "${rule.direction} ${rule.tcp_options[0].destination_port_range[0].max}"
      if rule.network_security_group_id == oci_core_network_security_group.this["nodes"].id && contains([rule.source, rule.destination], oci_core_network_security_group.this["nodes"].id)
    ]) == toset(["EGRESS 5473", "INGRESS 5473"])
    error_message = "every node asks Calico's Typha on one of them; nothing else goes from node to node"
  }
}

run "nothing_leads_to_another_environment" {
  assert {
    condition = alltrue(flatten([
      for table in [oci_core_route_table.public, oci_core_route_table.private] : [
        for route in table.route_rules : contains([
          oci_core_internet_gateway.this.id, oci_core_nat_gateway.this.id, oci_core_service_gateway.this.id,
        ], route.network_entity_id)
      ]
    ]))
    error_message = "a route leads somewhere besides the internet and Oracle's services: no peering between environments"
  }

  assert {
    condition = alltrue([
      for rule in oci_core_network_security_group_security_rule.this : anytrue([
        rule.source == "0.0.0.0/0", rule.source == "10.7.0.0/16", rule.source == "10.7.0.0/28", rule.source_type == "NETWORK_SECURITY_GROUP",
      ]) if rule.direction == "INGRESS"
    ])
    error_message = "a rule lets in a range of another network"
  }
}

run "enumerations_are_the_api_s" {
  assert {
    condition     = alltrue([for rule in oci_core_network_security_group_security_rule.this : contains(["1", "6", "all"], rule.protocol)])
    error_message = "a protocol is its number, or all"
  }

  assert {
    condition = alltrue([for rule in oci_core_network_security_group_security_rule.this : contains(
      ["CIDR_BLOCK", "NETWORK_SECURITY_GROUP", "SERVICE_CIDR_BLOCK"],
      rule.direction == "INGRESS" ? rule.source_type : rule.destination_type,
    )])
    error_message = "a peer's type is CIDR_BLOCK, NETWORK_SECURITY_GROUP or SERVICE_CIDR_BLOCK"
  }

  assert {
    condition     = oci_core_public_ip.ingress.lifetime == "RESERVED"
    error_message = "an ephemeral address would change with the load balancer"
  }
}

run "a_small_range_is_refused" {
  command = plan
  variables { cidr = "10.7.0.0/24" }
  expect_failures = [var.cidr]
}

run "a_public_range_is_refused" {
  command = plan
  variables { cidr = "8.8.0.0/16" }
  expect_failures = [var.cidr]
}
