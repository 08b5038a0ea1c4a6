data "oci_containerengine_cluster_option" "offered" {
  cluster_option_id = "all"
  compartment_id    = var.compartment_id
}

data "oci_containerengine_node_pool_option" "offered" {
  node_pool_option_id   = "all"
  compartment_id        = var.compartment_id
  node_pool_k8s_version = var.kubernetes_version
  node_pool_os_arch     = "X86_64"
  node_pool_os_type     = "OL8"
}

locals {
  # The list holds images for GPUs and for Arm too, whatever was asked for.
  images = [
    for source in data.oci_containerengine_node_pool_option.offered.sources : source.image_id
    if source.source_type == "IMAGE" && !can(regex("aarch64|GPU", source.source_name))
  ]
}

resource "oci_containerengine_cluster" "this" {
  # checkov:skip=CKV2_OCI_6: PodSecurityPolicy left Kubernetes with 1.25; the namespaces enforce `restricted`
  compartment_id     = var.compartment_id
  name               = "${var.name}-oke"
  kubernetes_version = var.kubernetes_version
  vcn_id             = var.network.vcn_id
  kms_key_id         = var.kms_key_id
  freeform_tags      = var.tags.freeform
  defined_tags       = var.tags.defined

  # Workload identity, add-ons and node cycling exist in this type only.
  type = "ENHANCED_CLUSTER"

  cluster_pod_network_options {
    cni_type = "OCI_VCN_IP_NATIVE"
  }

  endpoint_config {
    subnet_id            = var.network.subnet_ids["api"]
    nsg_ids              = [var.network.group_ids["api"]]
    is_public_ip_enabled = false
  }

  options {
    service_lb_subnet_ids = [var.network.subnet_ids["load_balancer"]]

    kubernetes_network_config {
      # The same in every environment, and in none of the VCNs' ranges: it exists only inside the cluster.
      services_cidr = "10.96.0.0/16"
    }

    # What the cluster itself makes bears the same tags, so that its cost is found too.
    service_lb_config {
      backend_nsg_ids = [var.network.group_ids["nodes"]]
      freeform_tags   = merge(var.tags.freeform, { role = "ingress" })
      defined_tags    = var.tags.defined
    }

    persistent_volume_config {
      freeform_tags = var.tags.freeform
      defined_tags  = var.tags.defined
    }
  }

  lifecycle {
    precondition {
      condition     = contains(data.oci_containerengine_cluster_option.offered.kubernetes_versions, var.kubernetes_version)
      error_message = "OKE does not offer ${var.kubernetes_version} here. Write one of: ${join(", ", data.oci_containerengine_cluster_option.offered.kubernetes_versions)}."
    }
  }
}

resource "oci_containerengine_node_pool" "this" {
  cluster_id         = oci_containerengine_cluster.this.id
  compartment_id     = var.compartment_id
  name               = "${var.name}-nodes"
  kubernetes_version = var.kubernetes_version
  node_shape         = var.node_shape.name
  freeform_tags      = var.tags.freeform
  defined_tags       = var.tags.defined

  node_shape_config {
    ocpus         = var.node_shape.ocpus
    memory_in_gbs = var.node_shape.memory
  }

  node_source_details {
    source_type             = "IMAGE"
    image_id                = local.images[0]
    boot_volume_size_in_gbs = 100
  }

  node_config_details {
    size                                = var.nodes.minimum
    nsg_ids                             = [var.network.group_ids["nodes"]]
    kms_key_id                          = var.kms_key_id
    is_pv_encryption_in_transit_enabled = true
    freeform_tags                       = var.tags.freeform
    defined_tags                        = var.tags.defined

    dynamic "placement_configs" {
      for_each = var.fault_domains

      content {
        availability_domain = placement_configs.key
        fault_domains       = placement_configs.value
        subnet_id           = var.network.subnet_ids["nodes"]
      }
    }

    node_pool_pod_network_option_details {
      cni_type       = "OCI_VCN_IP_NATIVE"
      pod_subnet_ids = [var.network.subnet_ids["pods"]]
      pod_nsg_ids    = [var.network.group_ids["pods"]]

      # A shape with 2 OCPUs has two network cards; one is the node's own, the other holds 31 addresses for pods.
      max_pods_per_node = 31
    }
  }

  # A node leaves once its pods are gone; one that does not drain in time is left standing for a person to look at.
  node_eviction_node_pool_settings {
    eviction_grace_duration              = "PT30M"
    is_force_delete_after_grace_duration = false
  }

  # An upgrade adds a node before it takes one away.
  node_pool_cycling_details {
    is_node_cycling_enabled = true
    maximum_surge           = "1"
    maximum_unavailable     = "0"
  }

  initial_node_labels {
    key   = "pool"
    value = "general"
  }

  lifecycle {
    # The autoscaler owns the size. The image moves when the version does, by -replace or a new pool, not by a plan that
    # happens to run on the day of a new image.
    ignore_changes = [node_config_details[0].size, node_source_details[0].image_id]

    precondition {
      condition     = length(local.images) > 0
      error_message = "OKE has no x86 image of Oracle Linux 8 for ${var.kubernetes_version} here. Write another kubernetes_version."
    }
  }
}

locals {
  addons = {
    KubernetesMetricsServer = { numOfReplicas = "2" }
    ClusterAutoscaler = {
      authType             = "workload"
      expander             = "random"
      numOfReplicas        = "1"
      nodes                = "${var.nodes.minimum}:${var.nodes.maximum}:${oci_containerengine_node_pool.this.id}"
      maxNodeProvisionTime = "25m"
    }
  }
}

# The metrics server's add-on refuses to be installed without it.
resource "oci_containerengine_addon" "cert_manager" {
  cluster_id                       = oci_containerengine_cluster.this.id
  addon_name                       = "CertManager"
  remove_addon_resources_on_delete = true
}

resource "oci_containerengine_addon" "this" {
  for_each = local.addons

  cluster_id                       = oci_containerengine_cluster.this.id
  addon_name                       = each.key
  remove_addon_resources_on_delete = true

  dynamic "configurations" {
    for_each = each.value

    content {
      key   = configurations.key
      value = configurations.value
    }
  }

  depends_on = [oci_containerengine_addon.cert_manager]
}

resource "oci_bastion_bastion" "this" {
  count = length(var.operator_cidrs) > 0 ? 1 : 0

  compartment_id               = var.compartment_id
  name                         = "${replace(var.name, "-", "")}bastion"
  bastion_type                 = "STANDARD"
  target_subnet_id             = var.network.subnet_ids["api"]
  client_cidr_block_allow_list = var.operator_cidrs
  max_session_ttl_in_seconds   = 10800
  freeform_tags                = var.tags.freeform
  defined_tags                 = var.tags.defined
}
