# What the thin roots cannot show: bad variables, and the way to the recovery region.

mock_provider "oci" {
  source          = "../../mocks/region"
  override_during = plan
}

mock_provider "oci" {
  alias           = "home"
  source          = "../../mocks/home"
  override_during = plan
}

mock_provider "oci" {
  alias           = "recovery"
  source          = "../../mocks/region"
  override_during = plan
}

variables {
  environment     = "production"
  tenancy_id      = "ocid1.tenancy.oc1..test"
  region          = "ap-hyderabad-1"
  home_region     = "ap-mumbai-1"
  recovery_region = "ap-mumbai-1"
  alert_emails    = ["oncall@example.com"]
  budget          = 1000
  reports_from    = "2027-01-01T00:00:00Z"
}

run "secrets_and_images_are_copied" {
  command = plan

  assert {
    condition     = module.copies[0].vault.region == "ap-mumbai-1" && module.copies[0].repositories == module.registry.repositories
    error_message = "a copy of each secret in Mumbai, and repositories of the same names"
  }
}

# The root `recovery` reads these from the state.
run "the_recovery_region_is_told_all_it_needs" {
  command = plan

  assert {
    condition     = length(output.recovery.database.primaries) == 10 && output.recovery.database.cidr == "10.0.0.0/16" && output.recovery.region == "ap-mumbai-1"
    error_message = "every database to be followed, in a network of the same range"
  }
  assert {
    condition     = keys(output.recovery.kafka_groups) == keys(module.iam.kafka_groups) && length(output.recovery.kafka_groups) == 10
    error_message = "the groups of the streams' users"
  }
  assert {
    condition     = output.recovery.messaging == local.messaging && output.recovery.rights == local.rights && output.recovery.secret_prefix == "ecommerce.production"
    error_message = "streams, queues, rights and names as at home"
  }
}

# The key's rights come first: the cluster is made with the key that was handed on.
run "the_key_may_be_used_before_anything_is_made_with_it" {
  command = plan

  assert {
    condition     = module.grants.key_id == "ocid1.key.oc1..test" && module.secrets.key_id == "ocid1.key.oc1..test"
    error_message = "another key than the environment's"
  }
}

run "without_a_recovery_region_nothing_is_copied" {
  command = plan
  variables { recovery_region = null }

  assert {
    condition     = length(module.copies) == 0 && output.recovery == null && output.replication == jsonencode({ replicationTargets = [] })
    error_message = "no copies were asked for"
  }
}

run "an_unknown_environment_is_refused" {
  command = plan
  variables { environment = "test" }
  expect_failures = [var.environment]
}

run "a_tenancy_by_its_name_is_refused" {
  command = plan
  variables { tenancy_id = "ecommerce-tenancy" }
  expect_failures = [var.tenancy_id]
}

run "a_region_by_its_display_name_is_refused" {
  command = plan
  variables { region = "India South (Hyderabad)" }
  expect_failures = [var.region]
}

run "a_home_region_in_capitals_is_refused" {
  command = plan
  variables { home_region = "AP-MUMBAI-1" }
  expect_failures = [var.home_region]
}

run "a_copy_beside_the_original_is_refused" {
  command = plan
  variables { recovery_region = "ap-hyderabad-1" }
  expect_failures = [var.recovery_region]
}

run "a_parent_that_is_no_compartment_is_refused" {
  command = plan
  variables { parent_compartment_id = "ecommerce" }
  expect_failures = [var.parent_compartment_id]
}
