locals {
  # The path that the design gives a secret. A name cannot hold slashes, so the path is a tag.
  path_root = replace(var.prefix, ".", "/")

  # The password is URL-safe only once it is encoded, so the parts are kept apart and the ExternalSecret joins them. Where the database is, the
  # overlay says: it moves when a database is restored or a region lost, and a copy of a secret in another region cannot be changed.
  roles = { user = "", owner = "_owner" }
  connections = { for role, suffix in local.roles : role => { for service in var.database_services : service => jsonencode({
    username = "${service}${suffix}"
    password = "%GENERATED_PASSPHRASE%"
    database = service
  }) } }
}

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

resource "oci_kms_key" "secrets" {
  compartment_id      = var.compartment_id
  display_name        = "${var.name}-secrets-key"
  management_endpoint = oci_kms_vault.this.management_endpoint
  protection_mode     = "HSM"
  freeform_tags       = var.tags.freeform
  defined_tags        = var.tags.defined

  key_shape {
    algorithm = "AES"
    length    = 32
  }

  lifecycle {
    # With the key go the disks, the backups and every secret.
    prevent_destroy = true
  }
}

# The vault makes the random bytes: Terraform never sees them. Thirty-two of them are an Ed25519 key; the ExternalSecret
# puts PKCS#8's fixed sixteen bytes before them.
resource "oci_vault_secret" "jwt" {
  for_each = var.services

  compartment_id         = var.compartment_id
  vault_id               = oci_kms_vault.this.id
  key_id                 = oci_kms_key.secrets.id
  secret_name            = "${var.prefix}.${each.key}-service.jwt-secret"
  description            = "Signs what the service ${each.key} says to others"
  enable_auto_generation = true
  freeform_tags          = merge(var.tags.freeform, { service = each.key, path = "${local.path_root}/${each.key}-service/jwt-secret" })
  defined_tags           = var.tags.defined

  secret_generation_context {
    generation_type     = "BYTES"
    generation_template = "BYTES_512"
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

resource "oci_vault_secret" "database_url" {
  for_each = var.database_services

  compartment_id         = var.compartment_id
  vault_id               = oci_kms_vault.this.id
  key_id                 = oci_kms_key.secrets.id
  secret_name            = "${var.prefix}.${each.key}-service.database-url"
  description            = "The parts of the URL by which the service ${each.key} reaches its database"
  enable_auto_generation = true
  freeform_tags          = merge(var.tags.freeform, { service = each.key, path = "${local.path_root}/${each.key}-service/database-url" })
  defined_tags           = var.tags.defined

  secret_generation_context {
    generation_type     = "PASSPHRASE"
    generation_template = "SECRETS_DEFAULT_PASSWORD"
    passphrase_length   = 32
    secret_template     = local.connections.user[each.key]
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
