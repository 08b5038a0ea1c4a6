output "repositories" {
  description = "By service: the repository's name after the registry's host and the tenancy's namespace."
  value       = { for service, repository in oci_artifacts_container_repository.this : service => repository.display_name }
}
