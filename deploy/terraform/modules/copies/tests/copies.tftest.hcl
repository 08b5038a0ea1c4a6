mock_provider "oci" {
  override_during = plan
}

variables {
  compartment_id = "ocid1.compartment.oc1..test"
  name           = "ecommerce-test"
  region         = "ap-mumbai-1"
  services       = ["gateway", "auth"]
  tags           = { freeform = { product = "haat" }, defined = {} }
}

run "secrets_and_images_have_a_place" {
  command = plan

  # The same names as at home: an overlay of the recovery region differs in the registry's host alone.
  assert {
    condition     = output.repositories == { auth = "ecommerce-test-auth-service", gateway = "ecommerce-test-gateway-service" }
    error_message = "a repository for each image"
  }
  assert {
    condition     = oci_kms_key.this.key_shape[0].algorithm == "AES" && oci_kms_key.this.key_shape[0].length == 32 && oci_kms_key.this.protection_mode == "HSM"
    error_message = "AES-256 in hardware, as at home"
  }
  assert {
    condition     = output.vault.region == "ap-mumbai-1"
    error_message = "copies beside the originals are lost with them"
  }
}
