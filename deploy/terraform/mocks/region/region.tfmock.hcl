# A region as the suites see it: one availability domain with three fault domains, and what the modules look up there.

mock_data "oci_identity_availability_domains" {
  defaults = { availability_domains = [{ name = "abcd:AP-HYDERABAD-1-AD-1", id = "1", compartment_id = "t" }] }
}
mock_data "oci_identity_fault_domains" {
  defaults = { fault_domains = [for n in [1, 2, 3] : { name = "FAULT-DOMAIN-${n}", id = "f", compartment_id = "t", availability_domain = "a" }] }
}
mock_data "oci_containerengine_cluster_option" {
  defaults = { kubernetes_versions = ["v1.33.1", "v1.34.1"] }
}
mock_data "oci_containerengine_node_pool_option" {
  defaults = { sources = [{ image_id = "ocid1.image.oc1..x86", source_name = "Oracle-Linux-8.10-OKE-1.34.1", source_type = "IMAGE" }] }
}
mock_data "oci_core_services" {
  defaults = { services = [{ id = "s", name = "All HYD Services In Oracle Services Network", cidr_block = "all-hyd", description = "All" }] }
}
mock_data "oci_objectstorage_namespace" {
  defaults = { namespace = "testnamespace" }
}
mock_data "oci_psql_shapes" {
  defaults = { shape_collection = [{ items = [{
    id                   = "a", shape = "PostgreSQL.VM.Standard.E5.Flex", is_flexible = true, memory_size_in_gbs = 0, ocpu_count = 0
    shape_memory_options = [], shape_ocpu_options = [{ min = 1, max = 64 }]
  }] }] }
}
mock_resource "oci_containerengine_cluster" {
  defaults = { id = "ocid1.cluster.oc1..test" }
}
mock_resource "oci_streaming_stream" {
  defaults = { id = "ocid1.stream.oc1..test" }
}
mock_resource "oci_psql_db_system" {
  defaults = { id = "ocid1.postgresqldbsystem.oc1..test" }
}
mock_resource "oci_queue_queue" {
  defaults = { id = "ocid1.queue.oc1..test", messages_endpoint = "https://cell-1.queue.messaging.ap-hyderabad-1.oci.oraclecloud.com" }
}
mock_data "oci_psql_db_system_connection_detail" {
  defaults = {
    ca_certificate      = "-----BEGIN CERTIFICATE-----"
    primary_db_endpoint = [{ fqdn = "primary.example", ip_address = "10.0.3.4", port = 5432 }]
    reader_endpoint     = [{ fqdn = "reader.example", ip_address = "10.0.3.5", port = 5432 }]
    instance_endpoints = [
      { db_instance_id = "a", endpoint = [{ fqdn = "node-1.example", ip_address = "10.0.3.6", port = 5432 }] },
      { db_instance_id = "b", endpoint = [{ fqdn = "node-2.example", ip_address = "10.0.3.7", port = 5432 }] },
    ]
  }
}
mock_resource "oci_streaming_stream_pool" {
  defaults = { id = "ocid1.streampool.oc1..test", endpoint_fqdn = "cell-1.streaming.example" }
}
mock_resource "oci_kms_vault" {
  defaults = { id = "ocid1.vault.oc1..test", management_endpoint = "https://vault.example" }
}
mock_resource "oci_kms_key" {
  defaults = { id = "ocid1.key.oc1..test" }
}
