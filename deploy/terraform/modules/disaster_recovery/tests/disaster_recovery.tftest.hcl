mock_provider "oci" {
  source          = "../../mocks/region"
  override_during = plan

  # Another cluster than at home, so that the two cannot be mistaken for each other.
  mock_resource "oci_containerengine_cluster" {
    defaults = { id = "ocid1.cluster.oc1..mumbai" }
  }
}

mock_provider "oci" {
  alias           = "home"
  source          = "../../mocks/home"
  override_during = plan
}

variables {
  tenancy_id         = "ocid1.tenancy.oc1..test"
  kubernetes_version = "v1.34.1"
  operator_cidrs     = []
  environment = {
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
  }
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
    condition     = oci_psql_db_system.standby["auth"].storage_details[0].availability_domain == "abcd:AP-HYDERABAD-1-AD-1" && oci_psql_db_system.standby["auth"].management_policy[0].backup_policy[0].kind == "NONE"
    error_message = "the recovery region has one availability domain, and the primary's backups already"
  }
}

run "before_the_disaster_only_standbys_wait" {
  command = plan

  assert {
    condition     = length(oci_psql_db_system.standby) == 2 && oci_psql_db_system.standby["auth"].apply_change_mode_to_stand_alone != "REPLAY_PENDING_UPDATES"
    error_message = "a standby of each database, and none is promoted"
  }
  assert {
    condition     = length(module.oke) == 0 && length(module.cache) == 0 && length(module.messaging) == 0 && length(module.iam) == 0 && output.kubernetes == null && output.overlay == null
    error_message = "nothing else costs money"
  }
  assert {
    condition     = module.grants.key_id == "ocid1.key.oc1..mumbai"
    error_message = "the cluster that will be made may use the key long before"
  }
}

run "the_disaster_promotes_them_and_makes_the_rest" {
  command = plan
  variables { disaster = true }

  assert {
    condition     = alltrue([for standby in oci_psql_db_system.standby : standby.apply_change_mode_to_stand_alone == "REPLAY_PENDING_UPDATES"])
    error_message = "promotion must not lose what has already arrived"
  }
  assert {
    condition     = output.kubernetes.cluster_id == "ocid1.cluster.oc1..mumbai" && length(module.cache) == 1
    error_message = "cluster and cache are made when they are needed"
  }
  assert {
    condition     = keys(output.facts.stream_ids) == ["order-events", "user-events"] && keys(output.facts.queues) == ["order-service-events"]
    error_message = "the same streams and queues as at home"
  }
  assert {
    condition     = output.facts.rights == { gateway = "secret-bundles", auth = "secret-bundles stream-push", order = "secret-bundles stream-push stream-pull queue-push queue-pull queues" }
    error_message = "the rights of the topology"
  }
  assert {
    condition     = module.iam[0].kafka_users == {} && module.iam[0].kafka_groups == var.environment.kafka_groups
    error_message = "the users of the streams are those of the environment: their tokens are in the secrets, and good in every region"
  }
}

run "the_overlay_is_told_all_that_differs" {
  command = plan
  variables { disaster = true }

  assert {
    condition = alltrue([for key, value in {
      region         = "ap-mumbai-1"
      vault          = "ocid1.vault.oc1..mumbai"
      registry       = "ap-mumbai-1.ocir.io/testnamespace"
      replicas-order = ""
      stream-pool    = "ocid1.streampool.oc1..test"
    } : output.overlay["environment.yaml"][key] == value])
    error_message = "databases have other hosts and no replicas; the vault and the registry are those of the recovery region"
  }
  assert {
    condition     = [for key in keys(output.overlay["environment.yaml"]) : key if startswith(key, "database-")] == ["database-auth", "database-order"]
    error_message = "each database's host"
  }
  assert {
    condition     = output.overlay["cloud.env"].KAFKA_BROKERS == "cell-1.streaming.example:9092" && output.overlay["autoscale.env"].OCI_DATABASES == "auth=ocid1.postgresqldbsystem.oc1..test,order=ocid1.postgresqldbsystem.oc1..test"
    error_message = "brokers, and the databases to be scaled"
  }
  assert {
    condition     = sort(keys(output.overlay)) == tolist(["autoscale.env", "cloud.env", "database-ca.pem", "environment.yaml", "images/kustomization.yaml"])
    error_message = "every file that fill.py writes"
  }
}

run "losing_an_hour_is_refused" {
  command = plan
  variables { rpo_seconds = 3600 }
  expect_failures = [var.rpo_seconds]
}
