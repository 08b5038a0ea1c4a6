# Beyond the design's 21, and made by the vault as these are.

# The role that owns the tables: the migrations have it, and the service itself does not.
resource "oci_vault_secret" "database_owner_url" {
  for_each = var.database_services

  compartment_id         = var.compartment_id
  vault_id               = oci_kms_vault.this.id
  key_id                 = oci_kms_key.secrets.id
  secret_name            = "${var.prefix}.${each.key}-service.database-owner-url"
  description            = "The parts of the URL by which the migrations of the service ${each.key} reach its database"
  enable_auto_generation = true
  freeform_tags          = merge(var.tags.freeform, { service = each.key, path = "${local.path_root}/${each.key}-service/database-owner-url" })
  defined_tags           = var.tags.defined

  secret_generation_context {
    generation_type     = "PASSPHRASE"
    generation_template = "SECRETS_DEFAULT_PASSWORD"
    passphrase_length   = 32
    secret_template     = local.connections.owner[each.key]
  }

  dynamic "replication_config" {
    for_each = var.replica[*]

    content {
      replication_targets {
        target_region   = replication_config.value.region
        target_vault_id = replication_config.value.vault_id
        target_key_id   = replication_config.value.key_id
      }
    }
  }
}

# Stands in for a payment provider's signature, where there is no provider.
resource "oci_vault_secret" "sandbox" {
  for_each = var.sandbox_services

  compartment_id         = var.compartment_id
  vault_id               = oci_kms_vault.this.id
  key_id                 = oci_kms_key.secrets.id
  secret_name            = "${var.prefix}.${each.key}-service.sandbox-secret"
  description            = "Signs what the sandbox in the service ${each.key} sends to itself"
  enable_auto_generation = true
  freeform_tags          = merge(var.tags.freeform, { service = each.key, path = "${local.path_root}/${each.key}-service/sandbox-secret" })
  defined_tags           = var.tags.defined

  secret_generation_context {
    generation_type     = "PASSPHRASE"
    generation_template = "SECRETS_DEFAULT_PASSWORD"
    passphrase_length   = 32
  }

  dynamic "replication_config" {
    for_each = var.replica[*]

    content {
      replication_targets {
        target_region   = replication_config.value.region
        target_vault_id = replication_config.value.vault_id
        target_key_id   = replication_config.value.key_id
      }
    }
  }
}

# Beyond the services' own: no service may read these. The set-up job does, to make each service's role.
resource "oci_vault_secret" "database_administrator" {
  for_each = var.database_services

  compartment_id         = var.compartment_id
  vault_id               = oci_kms_vault.this.id
  key_id                 = oci_kms_key.secrets.id
  secret_name            = "${var.prefix}.database-setup.${each.key}.administrator"
  description            = "Password of the administrator of the database ${each.key}"
  enable_auto_generation = true
  freeform_tags          = merge(var.tags.freeform, { service = each.key, path = "${local.path_root}/database-setup/${each.key}/administrator" })
  defined_tags           = var.tags.defined

  secret_generation_context {
    generation_type     = "PASSPHRASE"
    generation_template = "SECRETS_DEFAULT_PASSWORD"
    passphrase_length   = 32
  }

  dynamic "replication_config" {
    for_each = var.replica[*]

    content {
      replication_targets {
        target_region   = replication_config.value.region
        target_vault_id = replication_config.value.vault_id
        target_key_id   = replication_config.value.key_id
      }
    }
  }
}
