mock_provider "oci" {
  override_during = plan

  mock_data "oci_containerengine_cluster_option" {
    defaults = { kubernetes_versions = ["v1.33.1", "v1.34.1"] }
  }
  mock_data "oci_containerengine_node_pool_option" {
    defaults = { sources = [
      { image_id = "ocid1.image.oc1..arm", source_name = "Oracle-Linux-8.10-aarch64-OKE-1.34.1", source_type = "IMAGE" },
      { image_id = "ocid1.image.oc1..gpu", source_name = "Oracle-Linux-8.10-Gen2-GPU-OKE-1.34.1", source_type = "IMAGE" },
      { image_id = "ocid1.image.oc1..x86", source_name = "Oracle-Linux-8.10-OKE-1.34.1", source_type = "IMAGE" },
    ] }
  }
  mock_resource "oci_containerengine_node_pool" {
    defaults = { id = "ocid1.nodepool.oc1..pool" }
  }
}

variables {
  compartment_id     = "ocid1.compartment.oc1..test"
  name               = "ecommerce-test"
  kubernetes_version = "v1.34.1"
  nodes              = { minimum = 3, maximum = 50 }
  fault_domains      = { "abcd:AP-HYDERABAD-1-AD-1" = ["FAULT-DOMAIN-1", "FAULT-DOMAIN-2", "FAULT-DOMAIN-3"] }
  kms_key_id         = "ocid1.key.oc1..test"
  operator_cidrs     = ["203.0.113.10/32"]
  tags               = { freeform = { product = "haat" }, defined = {} }
  network = {
    vcn_id     = "ocid1.vcn.oc1..test"
    subnet_ids = { api = "subnet-api", load_balancer = "subnet-lb", nodes = "subnet-nodes", pods = "subnet-pods", data = "subnet-data" }
    group_ids  = { api = "nsg-api", load_balancer = "nsg-lb", nodes = "nsg-nodes", pods = "nsg-pods" }
  }
}

run "the_cluster_is_private_and_enhanced" {
  command = plan

  assert {
    condition     = oci_containerengine_cluster.this.type == "ENHANCED_CLUSTER"
    error_message = "workload identity needs ENHANCED_CLUSTER"
  }
  assert {
    condition     = oci_containerengine_cluster.this.endpoint_config[0].is_public_ip_enabled == false && oci_containerengine_cluster.this.endpoint_config[0].subnet_id == "subnet-api"
    error_message = "the API must have no public address"
  }
  assert {
    condition     = oci_containerengine_cluster.this.cluster_pod_network_options[0].cni_type == "OCI_VCN_IP_NATIVE" && oci_containerengine_cluster.this.kms_key_id == var.kms_key_id
    error_message = "pods are in the VCN, Secrets are encrypted with the environment's key"
  }
  assert {
    condition     = oci_containerengine_cluster.this.options[0].service_lb_config[0].freeform_tags["role"] == "ingress"
    error_message = "the root edge finds the load balancer by this tag"
  }
}

run "one_availability_domain_spreads_over_fault_domains" {
  command = plan

  assert {
    condition     = [for placement in oci_containerengine_node_pool.this.node_config_details[0].placement_configs : length(placement.fault_domains)] == [3]
    error_message = "with one availability domain the nodes spread over its three fault domains"
  }
}

run "three_availability_domains_are_all_used" {
  command = plan

  variables {
    fault_domains = {
      "abcd:AP-X-1-AD-1" = ["FAULT-DOMAIN-1", "FAULT-DOMAIN-2", "FAULT-DOMAIN-3"]
      "abcd:AP-X-1-AD-2" = ["FAULT-DOMAIN-1", "FAULT-DOMAIN-2", "FAULT-DOMAIN-3"]
      "abcd:AP-X-1-AD-3" = ["FAULT-DOMAIN-1", "FAULT-DOMAIN-2", "FAULT-DOMAIN-3"]
    }
  }

  assert {
    condition     = sort([for placement in oci_containerengine_node_pool.this.node_config_details[0].placement_configs : placement.availability_domain]) == keys(var.fault_domains)
    error_message = "a domain has no nodes"
  }
}

run "the_nodes_are_as_the_design_says" {
  command = plan

  assert {
    condition     = oci_containerengine_node_pool.this.node_shape == "VM.Standard.E4.Flex" && oci_containerengine_node_pool.this.node_shape_config[0].ocpus == 2 && oci_containerengine_node_pool.this.node_shape_config[0].memory_in_gbs == 32
    error_message = "VM.Standard.E4.Flex with 2 OCPUs and 32 GB"
  }
  assert {
    condition     = oci_containerengine_node_pool.this.node_source_details[0].image_id == "ocid1.image.oc1..x86"
    error_message = "the image is for another processor"
  }
  assert {
    condition     = oci_containerengine_node_pool.this.node_config_details[0].size == 3
    error_message = "the pool starts at its minimum"
  }
  assert {
    condition     = one([for setting in oci_containerengine_addon.this["ClusterAutoscaler"].configurations : setting.value if setting.key == "nodes"]) == "3:50:ocid1.nodepool.oc1..pool"
    error_message = "the autoscaler must have the environment's bounds"
  }
  assert {
    condition     = contains(keys(oci_containerengine_addon.this), "KubernetesMetricsServer")
    error_message = "the horizontal autoscaler needs the metrics server"
  }
}

run "no_operators_no_bastion" {
  command = plan
  variables { operator_cidrs = [] }

  assert {
    condition     = length(oci_bastion_bastion.this) == 0
    error_message = "a bastion that nobody may use"
  }
}

run "a_version_that_is_not_offered_is_refused" {
  command = plan
  variables { kubernetes_version = "v1.20.0" }
  expect_failures = [oci_containerengine_cluster.this]
}

run "a_version_without_its_v_is_refused" {
  command = plan
  variables { kubernetes_version = "1.34" }
  expect_failures = [var.kubernetes_version]
}

run "a_maximum_below_the_minimum_is_refused" {
  command = plan
  variables { nodes = { minimum = 5, maximum = 3 } }
  expect_failures = [var.nodes]
}

run "a_bastion_for_everybody_is_refused" {
  command = plan
  variables { operator_cidrs = ["0.0.0.0/0"] }
  expect_failures = [var.operator_cidrs]
}
