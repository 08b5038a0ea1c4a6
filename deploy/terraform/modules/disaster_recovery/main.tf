# Always, since secrets are copied to it and a copy is of use only where its key is.
resource "oci_kms_vault" "this" {
  compartment_id = var.compartment_id
  display_name   = "${var.name}-vault"
  vault_type     = "DEFAULT"
  freeform_tags  = var.tags.freeform
  defined_tags   = var.tags.defined

  lifecycle {
    prevent_destroy = true
  }
}

resource "oci_kms_key" "this" {
  compartment_id      = var.compartment_id
  display_name        = "${var.name}-key"
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

# The same range as at home: nothing joins the two networks, and addresses in configuration stay as they are.
module "network" {
  count  = var.standby == null ? 0 : 1
  source = "../network"

  compartment_id = var.compartment_id
  name           = var.name
  cidr           = var.standby.cidr
  tags           = var.tags
}

data "oci_identity_availability_domains" "this" {
  compartment_id = var.tenancy_id
}

locals {
  availability_domains = sort(data.oci_identity_availability_domains.this.availability_domains[*].name)
  primaries            = var.standby == null ? {} : var.standby.primaries
}

data "oci_identity_fault_domains" "this" {
  for_each = toset(local.availability_domains)

  compartment_id      = var.tenancy_id
  availability_domain = each.key
}

resource "oci_psql_db_system" "standby" {
  for_each = local.primaries

  compartment_id              = var.compartment_id
  display_name                = "${var.name}-${each.key}-db"
  description                 = "Standby of the service ${each.key}'s database"
  db_version                  = var.standby.postgresql_version
  shape                       = var.standby.shape
  instance_count              = 1
  instance_ocpu_count         = var.standby.ocpus
  instance_memory_size_in_gbs = var.standby.ocpus * 16
  freeform_tags               = merge(var.tags.freeform, { service = each.key })
  defined_tags                = var.tags.defined

  apply_change_mode_to_stand_alone = var.active ? "REPLAY_PENDING_UPDATES" : null

  source {
    source_type          = "DB_SYSTEM"
    primary_db_system_id = each.value
  }

  replication_config {
    rpo_in_seconds = tostring(var.rpo_seconds)

    # Enforced, a bad line between the regions would stop the shop at home.
    is_rpo_enforced = false
  }

  network_details {
    subnet_id = module.network[0].subnet_ids["data"]
    nsg_ids   = [module.network[0].group_ids["database"]]
  }

  storage_details {
    system_type           = "OCI_OPTIMIZED_STORAGE"
    iops                  = "75000"
    is_regionally_durable = length(local.availability_domains) > 1
    availability_domain   = length(local.availability_domains) == 1 ? local.availability_domains[0] : null
  }

  # The primary's backups are copied here already.
  management_policy {
    backup_policy {
      kind = "NONE"
    }
  }

  lifecycle {
    prevent_destroy = true
    ignore_changes  = [instance_ocpu_count, instance_memory_size_in_gbs]
  }
}
