output "key_id" {
  description = "The key that was given; who takes it from here may use it."
  value       = var.key_id
  depends_on  = [terraform_data.known]
}

output "administrator_secret_ids" {
  description = "As they were given; the databases may read them."
  value       = var.administrator_secret_ids
  depends_on  = [terraform_data.known]
}
