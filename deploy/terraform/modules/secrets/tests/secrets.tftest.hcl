mock_provider "oci" {
  override_during = plan

  mock_resource "oci_kms_vault" {
    defaults = { id = "ocid1.vault.oc1..test", management_endpoint = "https://vault.example" }
  }
  mock_resource "oci_kms_key" {
    defaults = { id = "ocid1.key.oc1..test" }
  }
}

variables {
  compartment_id    = "ocid1.compartment.oc1..test"
  name              = "ecommerce-test"
  prefix            = "ecommerce.test"
  services          = ["gateway", "auth", "cart"]
  database_services = ["auth", "cart"]
  sandbox_services  = ["cart"]
  tags              = { freeform = { product = "haat" }, defined = {} }
}

run "each_service_has_its_own_secrets" {
  command = plan

  assert {
    condition = output.names == {
      gateway = { jwt_secret = "ecommerce.test.gateway-service.jwt-secret" }
      auth    = { jwt_secret = "ecommerce.test.auth-service.jwt-secret", database_url = "ecommerce.test.auth-service.database-url" }
      cart    = { jwt_secret = "ecommerce.test.cart-service.jwt-secret", database_url = "ecommerce.test.cart-service.database-url" }
    }
    error_message = "a signing key for every service, a connection for those with a database"
  }
  assert {
    condition     = oci_vault_secret.jwt["auth"].freeform_tags["path"] == "ecommerce/test/auth-service/jwt-secret"
    error_message = "the design's path must stand in a tag"
  }
  assert {
    condition     = alltrue([for secret in oci_vault_secret.database_administrator : startswith(secret.secret_name, "ecommerce.test.database-setup.")])
    error_message = "an administrator's password has a name that a service's policy matches"
  }
}

run "what_goes_beyond_the_design" {
  command = plan

  assert {
    condition = output.all_names == tolist([
      "ecommerce.test.auth-service.database-owner-url", "ecommerce.test.auth-service.database-url", "ecommerce.test.auth-service.jwt-secret",
      "ecommerce.test.cart-service.database-owner-url", "ecommerce.test.cart-service.database-url", "ecommerce.test.cart-service.jwt-secret",
      "ecommerce.test.cart-service.sandbox-secret", "ecommerce.test.database-setup.auth.administrator",
      "ecommerce.test.database-setup.cart.administrator", "ecommerce.test.gateway-service.jwt-secret",
    ])
    error_message = "an owner for each database, a sandbox's secret where there is one, and an administrator that no service reads"
  }
}

run "the_vault_generates_every_secret" {
  command = plan

  assert {
    condition = alltrue([
      for secret in concat(values(oci_vault_secret.jwt), values(oci_vault_secret.database_url), values(oci_vault_secret.database_owner_url), values(oci_vault_secret.sandbox), values(oci_vault_secret.database_administrator)) :
      secret.enable_auto_generation && length(secret.secret_content) == 0
    ])
    error_message = "a content given here would stand in the state"
  }
  assert {
    condition     = alltrue([for secret in oci_vault_secret.jwt : secret.secret_generation_context[0].generation_type == "BYTES" && secret.secret_generation_context[0].generation_template == "BYTES_512"])
    error_message = "a signing key is random bytes"
  }
  assert {
    condition = alltrue([
      for secret in concat(values(oci_vault_secret.database_url), values(oci_vault_secret.database_owner_url), values(oci_vault_secret.sandbox), values(oci_vault_secret.database_administrator)) :
      secret.secret_generation_context[0].generation_type == "PASSPHRASE" && secret.secret_generation_context[0].generation_template == "SECRETS_DEFAULT_PASSWORD"
    ])
    error_message = "a password is a passphrase"
  }
  assert {
    condition = jsondecode(oci_vault_secret.database_url["auth"].secret_generation_context[0].secret_template) == {
      username = "auth", password = "%GENERATED_PASSPHRASE%", database = "auth"
    }
    error_message = "the connection's parts without its host, which may change, and a place for the password that the vault fills"
  }
  assert {
    condition     = jsondecode(oci_vault_secret.database_owner_url["auth"].secret_generation_context[0].secret_template).username == "auth_owner"
    error_message = "migrations work as another role than the service, with a password of its own"
  }
}

run "the_key_is_aes_256_in_hardware" {
  command = plan

  assert {
    condition     = oci_kms_key.secrets.key_shape[0].algorithm == "AES" && oci_kms_key.secrets.key_shape[0].length == 32 && oci_kms_key.secrets.protection_mode == "HSM"
    error_message = "AES with 32 bytes, protected by hardware"
  }
  assert {
    condition     = oci_kms_vault.this.vault_type == "DEFAULT"
    error_message = "a virtual private vault costs hundreds of times as much"
  }
}

run "secrets_are_copied_to_the_recovery_region" {
  command = plan
  variables { replica = { region = "ap-mumbai-1", vault_id = "vault-mumbai", key_id = "key-mumbai" } }

  assert {
    condition = alltrue([
      for secret in concat(values(oci_vault_secret.jwt), values(oci_vault_secret.database_url), values(oci_vault_secret.database_owner_url), values(oci_vault_secret.sandbox), values(oci_vault_secret.database_administrator)) :
      one(one(secret.replication_config).replication_targets).target_region == "ap-mumbai-1"
    ])
    error_message = "a secret would be lost with its region"
  }
}

run "a_name_with_a_slash_is_refused" {
  command = plan
  variables { prefix = "ecommerce/test" }
  expect_failures = [var.prefix]
}
