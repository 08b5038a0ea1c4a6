# Nodes are the only instances in the compartment. What a node may do, every pod that reaches its metadata could do too:
# so nearly nothing. Images are no business of theirs: the kubelet pulls with a Secret (images.tf) and never as its node.
resource "oci_identity_dynamic_group" "nodes" {
  compartment_id = var.tenancy_id
  name           = "${var.name}-oke-services"
  description    = "Worker nodes of ${var.name}"
  matching_rule  = "ALL {instance.compartment.id = '${var.compartment_id}'}"
  freeform_tags  = var.tags.freeform
  defined_tags   = var.tags.defined
}

resource "oci_identity_policy" "nodes" {
  compartment_id = var.compartment_id
  name           = "${var.name}-nodes"
  description    = "Nodes write logs"
  freeform_tags  = var.tags.freeform
  defined_tags   = var.tags.defined

  statements = [
    "Allow dynamic-group id ${oci_identity_dynamic_group.nodes.id} to use log-content ${local.here}",
  ]
}

# Makes each service's roles and database with the passwords that the vault made: so it reads these, and the administrator's.
resource "oci_identity_policy" "database_setup" {
  compartment_id = var.compartment_id
  name           = "${var.name}-database-setup"
  description    = "The job that makes roles and databases"
  freeform_tags  = var.tags.freeform
  defined_tags   = var.tags.defined

  statements = [
    "Allow any-user to read secret-bundles ${local.here} where all {${local.workload["database-setup"]}, target.secret.name = /${var.secret_prefix}.database-setup.*/}",
    "Allow any-user to read secret-bundles ${local.here} where all {${local.workload["database-setup"]}, target.secret.name = /*.database-url/}",
    "Allow any-user to read secret-bundles ${local.here} where all {${local.workload["database-setup"]}, target.secret.name = /*.database-owner-url/}",
  ]
}

resource "oci_identity_policy" "autoscale" {
  compartment_id = var.compartment_id
  name           = "${var.name}-autoscale"
  description    = "The controller that gives databases more OCPUs"
  freeform_tags  = var.tags.freeform
  defined_tags   = var.tags.defined

  statements = [
    "Allow any-user to read metrics ${local.here} where all {${local.workload["autoscale"]}}",
    "Allow any-user to use postgres-db-systems ${local.here} where all {${local.workload["autoscale"]}}",
    "Allow any-user to read postgres-work-requests ${local.here} where all {${local.workload["autoscale"]}}",
  ]
}

locals {
  cluster_autoscaler = "request.principal.type = 'workload', request.principal.namespace = 'kube-system', request.principal.service_account = 'cluster-autoscaler', request.principal.cluster_id = '${var.cluster_id}'"
  cluster            = "request.principal.type = 'cluster', request.principal.id = '${var.cluster_id}'"
}

resource "oci_identity_policy" "cluster" {
  compartment_id = var.compartment_id
  name           = "${var.name}-cluster"
  description    = "The cluster resizes its node pool and keeps its load balancer"
  freeform_tags  = var.tags.freeform
  defined_tags   = var.tags.defined

  statements = concat(
    [for right in [
      "manage cluster-node-pools", "manage instance-family", "use subnets", "read virtual-network-family", "use vnics", "inspect compartments",
    ] : "Allow any-user to ${right} ${local.here} where all {${local.cluster_autoscaler}}"],
    # The load balancer's rules and its reserved address.
    [for right in ["manage network-security-groups", "use vcns", "use public-ips"] : "Allow any-user to ${right} ${local.here} where all {${local.cluster}}"],
    # What it makes bears the environment's tags.
    ["Allow any-user to use tag-namespaces ${local.here} where all {${local.cluster}}"],
  )
}

resource "oci_identity_policy" "cloud" {
  compartment_id = var.compartment_id
  name           = "${var.name}-cloud-services"
  description    = "What the cloud's own services do on the environment's behalf"
  freeform_tags  = var.tags.freeform
  defined_tags   = var.tags.defined

  statements = [
    "Allow service vulnerability-scanning-service to read repos ${local.here}",
    "Allow service vulnerability-scanning-service to read compartments ${local.here}",
    # Flow logs come into the bucket and leave it when they are old.
    "Allow any-user to manage objects ${local.here} where all {request.principal.type = 'serviceconnector', request.principal.compartment.id = '${var.compartment_id}', target.bucket.name = '${var.flow_log_bucket}'}",
    "Allow service objectstorage-${var.region} to manage object-family ${local.here} where any {target.bucket.name = '${var.flow_log_bucket}'}",
  ]
}
