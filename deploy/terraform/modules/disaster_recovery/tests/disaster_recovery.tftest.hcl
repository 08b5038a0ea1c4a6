mock_provider "oci" {
  override_during = plan

  mock_data "oci_identity_availability_domains" {
    defaults = { availability_domains = [{ name = "abcd:AP-MUMBAI-1-AD-1", id = "1", compartment_id = "t" }] }
  }
  mock_data "oci_identity_fault_domains" {
    defaults = { fault_domains = [for n in [1, 2, 3] : { name = "FAULT-DOMAIN-${n}", id = "f", compartment_id = "t", availability_domain = "a" }] }
  }
  mock_data "oci_core_services" {
    defaults = { services = [{ id = "s", name = "All BOM Services In Oracle Services Network", cidr_block = "all-bom", description = "All" }] }
  }
  mock_data "oci_containerengine_cluster_option" {
    defaults = { kubernetes_versions = ["v1.34.1"] }
  }
  mock_data "oci_containerengine_node_pool_option" {
    defaults = { sources = [{ image_id = "image", source_name = "Oracle-Linux-8.10-OKE-1.34.1", source_type = "IMAGE" }] }
  }
}

variables {
  tenancy_id         = "ocid1.tenancy.oc1..test"
  compartment_id     = "ocid1.compartment.oc1..test"
  name               = "ecommerce-test-recovery"
  region             = "ap-mumbai-1"
  services           = ["gateway", "auth"]
  kubernetes_version = "v1.34.1"
  nodes              = { minimum = 3, maximum = 50 }
  operator_cidrs     = []
  messaging          = { streams = ["user-events"], partitions = 1, retention_hours = 24, queues = { user-service-events = { visibility = 30 } }, queue_retention_days = 7 }
  standby            = { cidr = "10.0.0.0/16", ocpus = 2, postgresql_version = "16", shape = "PostgreSQL.VM.Standard.E5.Flex", primaries = { auth = "primary-auth" } }
  tags               = { freeform = { product = "haat" }, defined = {} }
}

run "a_standby_follows_its_primary" {
  command = plan

  assert {
    condition     = oci_psql_db_system.standby["auth"].source[0].source_type == "DB_SYSTEM" && oci_psql_db_system.standby["auth"].source[0].primary_db_system_id == "primary-auth"
    error_message = "a standby of another database"
  }
  assert {
    condition     = tonumber(oci_psql_db_system.standby["auth"].replication_config[0].rpo_in_seconds) < 900 && !oci_psql_db_system.standby["auth"].replication_config[0].is_rpo_enforced
    error_message = "less than 15 minutes are lost, and a slow line does not stop the primary"
  }
  assert {
    condition     = oci_psql_db_system.standby["auth"].storage_details[0].availability_domain == "abcd:AP-MUMBAI-1-AD-1" && oci_psql_db_system.standby["auth"].management_policy[0].backup_policy[0].kind == "NONE"
    error_message = "Mumbai has one availability domain, and the primary's backups already"
  }
}

run "the_disaster_promotes_it" {
  command = plan
  variables { active = true }

  assert {
    condition     = oci_psql_db_system.standby["auth"].apply_change_mode_to_stand_alone == "REPLAY_PENDING_UPDATES"
    error_message = "promotion must not lose what has already arrived"
  }
  assert {
    condition     = length(module.oke) == 1 && length(module.cache) == 1 && length(module.messaging) == 1
    error_message = "cluster, cache and streams are made when they are needed"
  }
}

run "without_a_standby_secrets_and_images_are_kept" {
  command = plan
  variables { standby = null }

  assert {
    condition     = length(module.network) == 0 && length(oci_psql_db_system.standby) == 0 && keys(module.registry.repositories) == ["auth", "gateway"]
    error_message = "copies only: no network, no databases"
  }
  assert {
    condition     = oci_kms_key.this.key_shape[0].algorithm == "AES" && oci_kms_key.this.key_shape[0].length == 32 && oci_kms_key.this.protection_mode == "HSM"
    error_message = "AES-256 in hardware, as at home"
  }
}

run "losing_an_hour_is_refused" {
  command = plan
  variables { rpo_seconds = 3600 }
  expect_failures = [var.rpo_seconds]
}

run "promotion_of_nothing_is_refused" {
  command = plan
  variables {
    standby = null
    active  = true
  }
  expect_failures = [var.active]
}
