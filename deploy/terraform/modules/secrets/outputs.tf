output "vault_id" {
  value = oci_kms_vault.this.id
}

output "vault_name" {
  value = oci_kms_vault.this.display_name
}

output "key_name" {
  value = oci_kms_key.secrets.display_name
}

output "key_id" {
  value = oci_kms_key.secrets.id
}

output "administrator_secret_ids" {
  description = "By service: the secret with its database administrator's password."
  value       = { for service, secret in oci_vault_secret.database_administrator : service => secret.id }
}

output "all_names" {
  description = "The name of every secret that the vault makes, to be held against deploy/secrets.yaml."
  value = sort([for secret in concat(
    values(oci_vault_secret.jwt), values(oci_vault_secret.database_url), values(oci_vault_secret.database_owner_url),
    values(oci_vault_secret.sandbox), values(oci_vault_secret.database_administrator),
  ) : secret.secret_name])
}

output "names" {
  description = "By service: the names of the design's 21."
  value = { for service in var.services : service => merge(
    { jwt_secret = oci_vault_secret.jwt[service].secret_name },
    contains(var.database_services, service) ? { database_url = oci_vault_secret.database_url[service].secret_name } : {},
  ) }
}
