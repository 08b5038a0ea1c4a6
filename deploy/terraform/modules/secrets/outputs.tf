output "vault_id" {
  value = oci_kms_vault.this.id
}

output "key_id" {
  value = oci_kms_key.secrets.id
}

output "administrator_secret_ids" {
  description = "By service: the secret with its database administrator's password."
  value       = { for service, secret in oci_vault_secret.database_administrator : service => secret.id }
}

output "names" {
  description = "By service: the names of its secrets, for the ExternalSecrets."
  value = { for service in var.services : service => merge(
    { jwt_secret = oci_vault_secret.jwt[service].secret_name },
    contains(var.database_services, service) ? { database_url = oci_vault_secret.database_url[service].secret_name } : {},
  ) }
}
