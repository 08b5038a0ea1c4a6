# The tenancy's home region, where identities and budgets are.

mock_data "oci_objectstorage_namespace" {
  defaults = { namespace = "testnamespace" }
}
mock_data "oci_identity_tenancy" {
  defaults = { name = "example" }
}
mock_resource "oci_identity_compartment" {
  defaults = { id = "ocid1.compartment.oc1..test" }
}
