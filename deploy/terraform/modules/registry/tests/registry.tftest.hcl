mock_provider "oci" {
  override_during = plan
}

variables {
  compartment_id = "ocid1.compartment.oc1..test"
  name           = "ecommerce-test"
  services       = ["gateway", "auth"]
  tags           = { freeform = { product = "haat" }, defined = {} }
}

run "each_service_has_a_private_repository" {
  command = plan

  assert {
    condition     = output.repositories == { auth = "ecommerce-test-auth-service", gateway = "ecommerce-test-gateway-service" }
    error_message = "repositories are named ecommerce-<environment>-<service>-service"
  }
  assert {
    condition     = alltrue([for repository in oci_artifacts_container_repository.this : repository.is_public == false && repository.is_immutable])
    error_message = "private, and a tag never moves"
  }
}

run "images_are_scanned" {
  command = plan

  assert {
    condition     = toset(oci_vulnerability_scanning_container_scan_target.this.target_registry[0].repositories) == toset(values(output.repositories))
    error_message = "a repository is not scanned"
  }
  assert {
    condition     = oci_vulnerability_scanning_container_scan_target.this.target_registry[0].type == "OCIR" && oci_vulnerability_scanning_container_scan_recipe.this.scan_settings[0].scan_level == "STANDARD"
    error_message = "values of the scanning service"
  }
}
