# The root asks the recovery region, the home region and the state, and no other: a provider for a third would have no mock here.
mock_provider "oci" {
  source          = "../mocks/region"
  override_during = plan

  # Another cluster than at home, so that the two cannot be mistaken for each other.
  mock_resource "oci_containerengine_cluster" {
    defaults = { id = "ocid1.cluster.oc1..mumbai" }
  }
}

mock_provider "oci" {
  alias           = "home"
  source          = "../mocks/home"
  override_during = plan
}

override_data {
  target          = data.terraform_remote_state.environment
  override_during = plan
  values = { outputs = { recovery = {
    environment        = "production"
    name               = "ecommerce-production"
    region             = "ap-mumbai-1"
    compartment_id     = "ocid1.compartment.oc1..test"
    tenancy_name       = "example"
    registry_namespace = "testnamespace"
    namespace          = "ecommerce"
    secret_prefix      = "ecommerce.production"
    contact            = "oncall@example.com"
    kafka_groups       = { auth = "ocid1.group.oc1..auth", order = "ocid1.group.oc1..order" }
    vault              = { vault_id = "ocid1.vault.oc1..mumbai", key_id = "ocid1.key.oc1..mumbai" }
    nodes              = { minimum = 3, maximum = 50 }
    tags               = { freeform = { product = "haat" }, defined = {} }
    database = {
      cidr      = "10.0.0.0/16", ocpus = 2, maximum_ocpus = 64, postgresql_version = "16", shape = "PostgreSQL.VM.Standard.E5.Flex"
      primaries = { auth = "primary-auth", order = "primary-order" }
    }
    rights = {
      gateway = { publishes = [], consumes = [], queues = [] }
      auth    = { publishes = ["user-events"], consumes = [], queues = [] }
      order   = { publishes = ["order-events"], consumes = ["user-events"], queues = ["order-service-events"] }
    }
    messaging = {
      streams = ["user-events", "order-events"], partitions = 1, retention_hours = 24, queue_retention_days = 7
      queues  = { order-service-events = { visibility = 30 } }
    }
  } } }
}

variables {
  tenancy_id  = "ocid1.tenancy.oc1..test"
  home_region = "ap-mumbai-1"
  state = {
    bucket   = "haat-terraform"
    key      = "production/terraform.tfstate"
    region   = "ap-mumbai-1"
    endpoint = "https://testnamespace.compat.objectstorage.ap-mumbai-1.oraclecloud.com"
  }
}

run "standbys_wait" {
  command = plan

  assert {
    condition     = keys(output.standbys) == ["auth", "order"] && output.overlay == null
    error_message = "a standby for each database in the environment's state"
  }
}

run "the_disaster" {
  command = plan
  variables { disaster = true }

  assert {
    condition     = output.kubernetes.cluster_id == "ocid1.cluster.oc1..mumbai" && output.overlay["environment.yaml"].region == "ap-mumbai-1"
    error_message = "a cluster, and what the overlay needs"
  }
}

run "a_third_region_is_told" {
  command = plan
  variables { region = "ap-singapore-1" }
  expect_failures = [check.region]
}

run "a_region_s_name_is_refused" {
  command = plan
  variables { region = "India West" }
  expect_failures = [var.region]
}

run "a_state_that_is_none_is_refused" {
  command = plan
  variables { state = { bucket = "a", key = "production", region = "ap-mumbai-1", endpoint = "objectstorage" } }
  expect_failures = [var.state]
}
