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

  # Another cluster than at home, so that the two cannot be mistaken for each other.
  mock_resource "oci_containerengine_cluster" {
    defaults = { id = "ocid1.cluster.oc1..mumbai" }
  }
}

variables {
  environment     = "production"
  tenancy_id      = "ocid1.tenancy.oc1..test"
  region          = "ap-hyderabad-1"
  home_region     = "ap-mumbai-1"
  recovery_region = "ap-mumbai-1"
  standby         = true
  alert_emails    = ["oncall@example.com"]
  budget          = 1000
  reports_from    = "2027-01-01T00:00:00Z"
}

run "before_the_disaster_only_standbys_wait" {
  command = plan

  assert {
    condition     = length(module.disaster_recovery[0].standby_ids) == 10 && module.disaster_recovery[0].cluster_id == null && length(module.iam_recovery) == 0
    error_message = "ten standbys, and no cluster that costs money"
  }
  assert {
    condition     = module.disaster_recovery[0].vault.region == "ap-mumbai-1"
    error_message = "secrets are copied to Mumbai"
  }
}

run "after_the_disaster_a_cluster_stands_there" {
  command = plan
  variables { disaster = true }

  assert {
    condition     = module.disaster_recovery[0].cluster_id == "ocid1.cluster.oc1..mumbai"
    error_message = "no cluster in the recovery region"
  }
  assert {
    condition     = keys(module.disaster_recovery[0].stream_ids) == keys(module.messaging.stream_ids) && keys(module.disaster_recovery[0].queues) == keys(module.messaging.queues)
    error_message = "the same streams and queues as at home"
  }
  assert {
    condition     = module.iam_recovery[0].facts == module.iam.facts
    error_message = "a service has other rights there than at home"
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

run "a_standby_nowhere_is_refused" {
  command = plan
  variables { recovery_region = null }
  expect_failures = [var.standby]
}

run "a_disaster_without_standbys_is_refused" {
  command = plan
  variables {
    standby  = false
    disaster = true
  }
  expect_failures = [var.disaster]
}
