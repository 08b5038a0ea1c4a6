mock_provider "oci" {
  override_during = plan

  mock_data "oci_psql_shapes" {
    defaults = { shape_collection = [{ items = [
      { id = "a", shape = "PostgreSQL.VM.Standard.E5.Flex", is_flexible = true, memory_size_in_gbs = 0, ocpu_count = 0, shape_memory_options = [], shape_ocpu_options = [{ min = 1, max = 64 }] },
      { id = "b", shape = "PostgreSQL.VM.Standard3.Flex", is_flexible = true, memory_size_in_gbs = 0, ocpu_count = 0, shape_memory_options = [], shape_ocpu_options = [{ min = 1, max = 32 }] },
    ] }] }
  }
  mock_data "oci_psql_db_system_connection_detail" {
    defaults = {
      ca_certificate      = "-----BEGIN CERTIFICATE-----"
      primary_db_endpoint = [{ fqdn = "primary.example", ip_address = "10.0.3.4", port = 5432 }]
      reader_endpoint     = [{ fqdn = "reader.example", ip_address = "10.0.3.5", port = 5432 }]
    }
  }
}

variables {
  compartment_id           = "ocid1.compartment.oc1..test"
  name                     = "ecommerce-test"
  services                 = ["auth", "order"]
  ocpus                    = { initial = 2, maximum = 128 }
  replicas                 = 2
  backup_days              = 30
  copy_region              = "ap-mumbai-1"
  availability_domains     = ["abcd:AP-HYDERABAD-1-AD-1"]
  subnet_id                = "subnet-data"
  group_id                 = "nsg-database"
  administrator_secret_ids = { auth = "secret-auth", order = "secret-order" }
  tags                     = { freeform = { product = "haat" }, defined = {} }
}

run "one_system_for_each_service" {
  command = plan

  assert {
    condition     = { for service, system in oci_psql_db_system.this : service => system.display_name } == { auth = "ecommerce-test-auth-db", order = "ecommerce-test-order-db" }
    error_message = "a service lacks its database"
  }
  assert {
    condition     = alltrue([for service, system in oci_psql_db_system.this : one(one(system.credentials).password_details).secret_id == "secret-${service}" && one(one(system.credentials).password_details).password_type == "VAULT_SECRET"])
    error_message = "the administrator's password comes from the vault, each its own"
  }
  assert {
    condition     = alltrue([for system in oci_psql_db_system.this : system.instance_count == 3 && system.instance_ocpu_count == 2 && system.instance_memory_size_in_gbs == 32])
    error_message = "a primary and two replicas, 2 OCPUs and 32 GB each"
  }
  assert {
    condition     = alltrue([for system in oci_psql_db_system.this : one(system.network_details).subnet_id == "subnet-data" && one(system.network_details).nsg_ids == toset(["nsg-database"])])
    error_message = "a database stands outside its private subnet or its group"
  }
}

run "backups_are_kept_copied_and_fine_grained" {
  command = plan

  assert {
    condition = alltrue([for system in oci_psql_db_system.this :
      system.management_policy[0].backup_policy[0].kind == "DAILY" &&
      system.management_policy[0].backup_policy[0].retention_days == 30 &&
      system.management_policy[0].backup_policy[0].copy_policy[0].regions == tolist(["ap-mumbai-1"]) &&
      system.management_policy[0].backup_policy[0].copy_policy[0].retention_period == 30
    ])
    error_message = "daily backups for 30 days, copied to Mumbai for as long"
  }
  assert {
    condition     = alltrue([for system in oci_psql_db_system.this : system.management_policy[0].pitr_policy[0].kind == "STANDARD" && system.management_policy[0].pitr_policy[0].restore_days == 30])
    error_message = "any moment of the last 30 days can be restored"
  }
}

run "no_copy_without_a_region" {
  command = plan
  variables { copy_region = null }

  assert {
    condition     = alltrue([for system in oci_psql_db_system.this : length(system.management_policy[0].backup_policy[0].copy_policy) == 0])
    error_message = "a copy that nobody asked for costs money"
  }
}

run "the_shape_limits_the_cap" {
  command = plan

  assert {
    condition     = output.maximum_ocpus == 64
    error_message = "128 asked for, 64 offered"
  }
}

run "the_environment_limits_the_cap" {
  command = plan
  variables { ocpus = { initial = 2, maximum = 16 } }

  assert {
    condition     = output.maximum_ocpus == 16
    error_message = "16 asked for, 64 offered"
  }
}

run "one_availability_domain_is_named" {
  command = plan

  assert {
    condition     = alltrue([for system in oci_psql_db_system.this : one(system.storage_details).is_regionally_durable == false && one(system.storage_details).availability_domain == "abcd:AP-HYDERABAD-1-AD-1"])
    error_message = "storage cannot be durable over domains that do not exist"
  }
  assert {
    condition     = alltrue([for system in oci_psql_db_system.this : one(system.storage_details).system_type == "OCI_OPTIMIZED_STORAGE"])
    error_message = "the only kind of storage there is"
  }
}

run "three_availability_domains_hold_the_storage" {
  command = plan
  variables { availability_domains = ["abcd:X-AD-1", "abcd:X-AD-2", "abcd:X-AD-3"] }

  assert {
    condition     = alltrue([for system in oci_psql_db_system.this : one(system.storage_details).is_regionally_durable])
    error_message = "the loss of one domain would lose data"
  }
}

run "without_replicas_there_is_no_reader" {
  command = plan
  variables { replicas = 0 }

  assert {
    condition     = alltrue([for system in oci_psql_db_system.this : system.instance_count == 1 && !one(system.network_details).is_reader_endpoint_enabled])
    error_message = "a reader's name with nobody behind it"
  }
}

run "a_shape_that_is_not_offered_is_refused" {
  command = plan
  variables { shape = "PostgreSQL.VM.Unknown.Flex" }
  expect_failures = [oci_psql_db_system.this]
}

run "too_many_ocpus_are_refused" {
  command = plan
  variables { ocpus = { initial = 2, maximum = 256 } }
  expect_failures = [var.ocpus]
}

run "too_many_replicas_are_refused" {
  command = plan
  variables { replicas = 6 }
  expect_failures = [var.replicas]
}

run "no_backups_are_refused" {
  command = plan
  variables { backup_days = 0 }
  expect_failures = [var.backup_days]
}
