# What the recovery region has before anything happens there: a vault for the copies of the secrets, of which a copy is of use only where its key
# is, and repositories for the images.
resource "oci_kms_vault" "this" {
  compartment_id = var.compartment_id
  display_name   = "${var.name}-recovery-vault"
  vault_type     = "DEFAULT"
  freeform_tags  = var.tags.freeform
  defined_tags   = var.tags.defined

  lifecycle {
    prevent_destroy = true
  }
}

resource "oci_kms_key" "this" {
  compartment_id      = var.compartment_id
  display_name        = "${var.name}-recovery-key"
  management_endpoint = oci_kms_vault.this.management_endpoint
  protection_mode     = "HSM"
  freeform_tags       = var.tags.freeform
  defined_tags        = var.tags.defined

  key_shape {
    algorithm = "AES"
    length    = 32
  }

  lifecycle {
    prevent_destroy = true
  }
}

module "registry" {
  source = "../registry"

  compartment_id = var.compartment_id
  name           = var.name
  services       = var.services
  tags           = var.tags
}
