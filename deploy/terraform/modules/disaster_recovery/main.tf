# The same range as at home: nothing joins the two networks, and addresses in configuration stay as they are.
module "network" {
  source = "../network"

  compartment_id = local.home.compartment_id
  name           = local.name
  cidr           = local.home.database.cidr
  tags           = local.home.tags
}

# Long before the disaster, so that the rights are known everywhere when it comes.
module "grants" {
  source    = "../grants"
  providers = { oci = oci.home }

  tenancy_id     = var.tenancy_id
  compartment_id = local.home.compartment_id
  name           = local.name
  region         = local.home.region
  key_id         = local.home.vault.key_id
  spread_seconds = var.spread_seconds
  tags           = local.home.tags
}

data "oci_identity_availability_domains" "this" {
  compartment_id = var.tenancy_id
}

locals {
  home                 = var.environment
  name                 = "${local.home.name}-recovery"
  availability_domains = sort(data.oci_identity_availability_domains.this.availability_domains[*].name)
}

data "oci_identity_fault_domains" "this" {
  for_each = toset(local.availability_domains)

  compartment_id      = var.tenancy_id
  availability_domain = each.key
}

resource "oci_psql_db_system" "standby" {
  for_each = local.home.database.primaries

  compartment_id              = local.home.compartment_id
  display_name                = "${local.name}-${each.key}-db"
  description                 = "Standby of the service ${each.key}'s database"
  db_version                  = local.home.database.postgresql_version
  shape                       = local.home.database.shape
  instance_count              = 1
  instance_ocpu_count         = local.home.database.ocpus
  instance_memory_size_in_gbs = local.home.database.ocpus * 16
  freeform_tags               = merge(local.home.tags.freeform, { service = each.key })
  defined_tags                = local.home.tags.defined

  apply_change_mode_to_stand_alone = var.disaster ? "REPLAY_PENDING_UPDATES" : null

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
    subnet_id = module.network.subnet_ids["data"]
    nsg_ids   = [module.network.group_ids["database"]]
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

# Where they are: nobody connects before the disaster, and every plan would ask ten systems for it.
data "oci_psql_db_system_connection_detail" "standby" {
  for_each = { for service, system in oci_psql_db_system.standby : service => system.id if var.disaster }

  db_system_id = each.value
}
