data "oci_psql_shapes" "offered" {
  compartment_id = var.compartment_id
}

locals {
  shape = one([
    for item in flatten(data.oci_psql_shapes.offered.shape_collection[*].items) : item if item.shape == var.shape
  ])

  # The design asks for up to 128; what a shape offers ends sooner. The controller that scales reads the smaller of the two.
  maximum_ocpus = try(min(var.ocpus.maximum, local.shape.shape_ocpu_options[0].max), 0)

  memory_per_ocpu = 16
  single_domain   = length(var.availability_domains) == 1
}

resource "oci_psql_configuration" "this" {
  compartment_id = var.compartment_id
  display_name   = "${var.name}-postgresql-${var.postgresql_version}"
  db_version     = var.postgresql_version
  is_flexible    = true
  shape          = var.shape
  freeform_tags  = var.tags.freeform
  defined_tags   = var.tags.defined

  db_configuration_overrides {
    items {
      config_key             = "log_min_duration_statement"
      overriden_config_value = "500"
    }

    # A client that died in a transaction must not hold its locks for ever.
    items {
      config_key             = "idle_in_transaction_session_timeout"
      overriden_config_value = "60000"
    }
  }
}

resource "oci_psql_db_system" "this" {
  for_each = var.services

  compartment_id              = var.compartment_id
  display_name                = "${var.name}-${each.key}-db"
  description                 = "Database of the service ${each.key}"
  db_version                  = var.postgresql_version
  config_id                   = oci_psql_configuration.this.id
  shape                       = var.shape
  instance_count              = 1 + var.replicas
  instance_ocpu_count         = var.ocpus.initial
  instance_memory_size_in_gbs = var.ocpus.initial * local.memory_per_ocpu
  freeform_tags               = merge(var.tags.freeform, { service = each.key })
  defined_tags                = var.tags.defined

  network_details {
    subnet_id                  = var.subnet_id
    nsg_ids                    = [var.group_id]
    is_reader_endpoint_enabled = var.replicas > 0
  }

  storage_details {
    system_type = "OCI_OPTIMIZED_STORAGE"
    iops        = "75000"

    # Durable across domains where there are several; where there is one, the storage has to be told which.
    is_regionally_durable = !local.single_domain
    availability_domain   = local.single_domain ? var.availability_domains[0] : null
  }

  credentials {
    username = "haat_admin"

    password_details {
      password_type  = "VAULT_SECRET"
      secret_id      = var.administrator_secret_ids[each.key]
      secret_version = "1"
    }
  }

  management_policy {
    # Times are UTC: half past two at night in India, and the backup an hour later.
    maintenance_window_start = "SUN 21:00"

    backup_policy {
      kind           = "DAILY"
      backup_start   = "22:00"
      retention_days = var.backup_days

      dynamic "copy_policy" {
        for_each = var.copy_region[*]

        content {
          compartment_id   = var.compartment_id
          regions          = [copy_policy.value]
          retention_period = var.backup_days
        }
      }
    }

    pitr_policy {
      kind         = "STANDARD"
      restore_days = var.backup_days
    }
  }

  lifecycle {
    prevent_destroy = true

    # `haat autoscale` changes these by the load; an apply must not set them back.
    ignore_changes = [instance_ocpu_count, instance_memory_size_in_gbs]

    precondition {
      condition     = local.maximum_ocpus >= var.ocpus.initial
      error_message = "The shape ${var.shape} is not offered here, or holds fewer than ${var.ocpus.initial} OCPUs. Write one that `oci psql shape-summary list-shapes` names."
    }
  }
}

data "oci_psql_db_system_connection_detail" "this" {
  for_each = oci_psql_db_system.this

  db_system_id = each.value.id
}
