output "vault" {
  description = "Where secrets are copied to, as the module secrets wants it."
  value       = { region = var.region, vault_id = oci_kms_vault.this.id, key_id = oci_kms_key.this.id }
}

output "repositories" {
  value = module.registry.repositories
}
