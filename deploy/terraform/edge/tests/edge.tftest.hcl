mock_provider "oci" {
  override_during = plan

  mock_data "oci_waf_protection_capabilities" {
    defaults = { protection_capability_collection = [{ items = [{ version = 3 }] }] }
  }
  mock_data "oci_load_balancer_load_balancers" {
    defaults = { load_balancers = [{ id = "ocid1.loadbalancer.oc1..ingress" }] }
  }
}

variables {
  environment    = "production"
  compartment_id = "ocid1.compartment.oc1..production"
}

run "the_load_balancer_is_found" {
  command = plan

  assert {
    condition     = output.load_balancer_id == "ocid1.loadbalancer.oc1..ingress"
    error_message = "the firewall stands before something else"
  }
}

run "an_unknown_environment_is_refused" {
  command = plan
  variables { environment = "test" }
  expect_failures = [var.environment]
}

run "a_tenancy_is_refused" {
  command = plan
  variables { compartment_id = "ocid1.tenancy.oc1..test" }
  expect_failures = [var.compartment_id]
}

run "a_region_s_name_is_refused" {
  command = plan
  variables { region = "IN-HYDERABAD-1" }
  expect_failures = [var.region]
}
