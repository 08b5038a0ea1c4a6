# What must be allowed before things are made: a cluster or a stream pool that may not use its key is refused, and a database that may not read its
# administrator's password. So these rights stand apart from those that name a cluster or a stream, and who takes the key or the passwords from
# here waits for them.

# OKE wants a group of clusters, since a cluster that is being made has no OCID yet.
resource "oci_identity_dynamic_group" "clusters" {
  compartment_id = var.tenancy_id
  name           = "${var.name}-clusters"
  description    = "Clusters of ${var.name}, which encrypt their Secrets"
  matching_rule  = "ALL {resource.type = 'cluster', resource.compartment.id = '${var.compartment_id}'}"
  freeform_tags  = var.tags.freeform
  defined_tags   = var.tags.defined
}

locals {
  where = "in compartment id ${var.compartment_id}"
  key   = "target.key.id = '${var.key_id}'"
}

resource "oci_identity_policy" "first" {
  compartment_id = var.compartment_id
  name           = "${var.name}-first"
  description    = "Who encrypts with the key of ${var.name}, and reads its databases' passwords"
  freeform_tags  = var.tags.freeform
  defined_tags   = var.tags.defined

  statements = concat(
    ["Allow dynamic-group id ${oci_identity_dynamic_group.clusters.id} to use keys ${local.where} where ${local.key}"],
    [for service in ["blockstorage", "objectstorage-${var.region}", "streaming", "queue"] :
    "Allow service ${service} to use keys ${local.where} where ${local.key}"],
    # Who makes a node gives its disk the key, and cannot use it.
    [
      "Allow service oke to use key-delegates ${local.where} where ${local.key}",
      "Allow any-user to use key-delegates ${local.where} where all {request.principal.type = 'nodepool', ${local.key}}",
    ],
    [for prefix in var.administrator_prefix[*] :
    "Allow any-user to read secret-bundles ${local.where} where all {request.principal.type = 'postgresqldbsystem', target.secret.name = /${prefix}.*/}"],
  )
}

# A policy is made at once and known everywhere some time later.
resource "terraform_data" "known" {
  triggers_replace = [oci_identity_policy.first.id, oci_identity_policy.first.statements]

  provisioner "local-exec" {
    command = "sleep ${var.spread_seconds}"
  }
}
