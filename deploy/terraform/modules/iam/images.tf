# The kubelet knows the registry by a user's name and auth token and nothing else, so there is a user who may pull and do no more. Its token is made by
# hand, like those of the Kafka clients; the External Secrets operator brings it to the cluster as the account `registry`.
resource "oci_identity_user" "images" {
  count = local.makes_users ? 1 : 0

  compartment_id = var.tenancy_id
  name           = "${var.name}-images"
  description    = "Pulls the images of ${var.name}"
  email          = var.contact
  freeform_tags  = var.tags.freeform
  defined_tags   = var.tags.defined
}

resource "oci_identity_user_capabilities_management" "images" {
  count = length(oci_identity_user.images)

  user_id                      = oci_identity_user.images[0].id
  can_use_auth_tokens          = true
  can_use_api_keys             = false
  can_use_console_password     = false
  can_use_customer_secret_keys = false
  can_use_smtp_credentials     = false
}

resource "oci_identity_group" "images" {
  count = local.makes_users ? 1 : 0

  compartment_id = var.tenancy_id
  name           = "${var.name}-images"
  description    = "Pulls the images of ${var.name}"
  freeform_tags  = var.tags.freeform
  defined_tags   = var.tags.defined
}

resource "oci_identity_user_group_membership" "images" {
  count = length(oci_identity_user.images)

  user_id  = oci_identity_user.images[0].id
  group_id = oci_identity_group.images[0].id
}

# A compartment spans regions, and so does this: the repositories of the recovery region are in the same.
resource "oci_identity_policy" "images" {
  count = length(oci_identity_group.images)

  compartment_id = var.compartment_id
  name           = "${var.name}-images"
  description    = "The environment's repositories, to pull from"
  freeform_tags  = var.tags.freeform
  defined_tags   = var.tags.defined
  statements     = ["Allow group id ${oci_identity_group.images[0].id} to read repos ${local.here}"]
}

resource "oci_identity_policy" "registry" {
  compartment_id = var.compartment_id
  name           = "${var.name}-registry"
  description    = "Who brings the token for the registry to the cluster"
  freeform_tags  = var.tags.freeform
  defined_tags   = var.tags.defined

  statements = [
    "Allow any-user to read secret-bundles ${local.here} where all {${local.workload["registry"]}, target.secret.name = /${var.secret_prefix}.registry.*/}",
  ]
}
