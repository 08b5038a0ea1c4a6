mock_provider "oci" {
  override_during = plan

  mock_resource "oci_identity_group" {
    defaults = { id = "ocid1.group.oc1..kafka" }
  }
  mock_resource "oci_identity_user" {
    defaults = { id = "ocid1.user.oc1..kafka" }
  }
  mock_resource "oci_identity_dynamic_group" {
    defaults = { id = "ocid1.dynamicgroup.oc1..nodes" }
  }
}

variables {
  tenancy_id     = "ocid1.tenancy.oc1..test"
  compartment_id = "ocid1.compartment.oc1..test"
  name           = "ecommerce-test"
  region         = "ap-hyderabad-1"
  cluster_id     = "ocid1.cluster.oc1..test"
  namespace      = "ecommerce"
  secret_prefix  = "ecommerce.test"
  services = {
    gateway = { publishes = [], consumes = [], queues = [] }
    auth    = { publishes = ["user-events"], consumes = [], queues = [] }
    order   = { publishes = ["order-events"], consumes = ["order-events", "user-events"], queues = ["order-service-events"] }
  }
  stream_ids      = { user-events = "stream-user", order-events = "stream-order" }
  queue_ids       = { order-service-events = "queue-order" }
  flow_log_bucket = "ecommerce-test-flow-logs"
  contact         = "oncall@example.com"
  tags            = { freeform = { product = "haat" }, defined = {} }
}

run "a_service_reads_its_own_secrets_only" {
  command = plan

  assert {
    condition = oci_identity_policy.service["gateway"].statements == tolist([
      "Allow any-user to read secret-bundles in compartment id ocid1.compartment.oc1..test where all {request.principal.type = 'workload', request.principal.namespace = 'ecommerce', request.principal.service_account = 'gateway-service', request.principal.cluster_id = 'ocid1.cluster.oc1..test', target.secret.name = /ecommerce.test.gateway-service.*/}",
    ])
    error_message = "the gateway has its own signing key and nothing else"
  }
  assert {
    condition     = alltrue([for service, policy in oci_identity_policy.service : length([for statement in policy.statements : statement if strcontains(statement, "secret-bundles")]) == 1])
    error_message = "one statement about secrets for each service"
  }
}

run "a_service_uses_its_own_streams_and_queues_only" {
  command = plan

  assert {
    condition = [
      for statement in oci_identity_policy.service["order"].statements : regex("to ([a-z]+ [a-z-]+) .*target\\.[a-z.]+ = (.*)}$", statement)
      ] == [
      ["read secret-bundles", "/ecommerce.test.order-service.*/"],
      ["use stream-push", "'stream-order'"],
      ["use stream-pull", "'stream-order'"],
      ["use stream-pull", "'stream-user'"],
      ["use queue-push", "'queue-order'"],
      ["use queue-pull", "'queue-order'"],
      ["read queues", "'queue-order'"],
    ]
    error_message = "rights must follow the topology, no more and no less"
  }
  assert {
    condition     = length(oci_identity_policy.service["auth"].statements) == 2
    error_message = "auth publishes users' events and does no more"
  }
}

run "a_kafka_user_has_its_service_s_streams" {
  command = plan

  assert {
    condition     = output.kafka_users == { auth = "ecommerce-test-auth-kafka", order = "ecommerce-test-order-kafka" }
    error_message = "the gateway needs no streams, the others each have a user"
  }
  assert {
    condition = oci_identity_policy.kafka["auth"].statements == tolist([
      "Allow group id ocid1.group.oc1..kafka to use stream-push in compartment id ocid1.compartment.oc1..test where target.stream.id = 'stream-user'",
    ])
    error_message = "a leaked token must open one service's streams only"
  }
  assert {
    condition = alltrue([for capabilities in oci_identity_user_capabilities_management.kafka :
      capabilities.can_use_auth_tokens && !capabilities.can_use_api_keys && !capabilities.can_use_console_password && !capabilities.can_use_customer_secret_keys && !capabilities.can_use_smtp_credentials
    ])
    error_message = "auth tokens, and no other way in"
  }
}

run "every_policy_only_allows_and_stays_in_the_compartment" {
  command = plan

  assert {
    condition = alltrue([
      for policy in concat(values(oci_identity_policy.service), values(oci_identity_policy.kafka), oci_identity_policy.images, [oci_identity_policy.registry, oci_identity_policy.nodes, oci_identity_policy.database_setup, oci_identity_policy.autoscale, oci_identity_policy.cluster, oci_identity_policy.cloud]) :
      policy.compartment_id == var.compartment_id && alltrue([for statement in policy.statements : startswith(statement, "Allow ") && strcontains(statement, " in compartment id ocid1.compartment.oc1..test") && !strcontains(statement, "tenancy")])
    ])
    error_message = "a statement reaches beyond the environment"
  }
  assert {
    condition = alltrue(flatten([
      for policy in concat(values(oci_identity_policy.service), values(oci_identity_policy.kafka), oci_identity_policy.images, [oci_identity_policy.registry, oci_identity_policy.nodes, oci_identity_policy.database_setup, oci_identity_policy.autoscale, oci_identity_policy.cluster, oci_identity_policy.cloud]) : [
        for statement in policy.statements : strcontains(statement, "request.principal.type = '") if startswith(statement, "Allow any-user")
      ]
    ]))
    error_message = "any-user without a kind of principal would be everybody in the tenancy"
  }
  assert {
    condition = alltrue(flatten([
      for policy in concat(values(oci_identity_policy.service), values(oci_identity_policy.kafka), [oci_identity_policy.cluster, oci_identity_policy.cloud]) : [
        for statement in policy.statements : !strcontains(statement, "all-resources") && length(policy.statements) <= 50
      ]
    ]))
    error_message = "no all-resources, and no more than 50 statements in a policy"
  }
}

run "the_set_up_job_reads_what_it_makes_roles_of" {
  command = plan

  assert {
    condition = [for statement in oci_identity_policy.database_setup.statements : regex("to ([a-z -]+) in .*service_account = 'database-setup'.*target\\.secret\\.name = (.*)}$", statement)] == [
      ["read secret-bundles", "/ecommerce.test.database-setup.*/"],
      ["read secret-bundles", "/*.database-url/"],
      ["read secret-bundles", "/*.database-owner-url/"],
    ]
    error_message = "administrators, owners and services: no signing key, no provider's secret"
  }
}

run "the_controller_reads_metrics_and_changes_databases" {
  command = plan

  assert {
    condition = [for statement in oci_identity_policy.autoscale.statements : regex("to ([a-z -]+) in .*service_account = 'autoscale', request.principal.cluster_id = 'ocid1.cluster.oc1..test'}$", statement)[0]] == [
      "read metrics", "use postgres-db-systems", "read postgres-work-requests",
    ]
    error_message = "SummarizeMetricsData, UpdateDbSystem, and how far the change is: it neither makes nor deletes a database"
  }
}

run "images_are_pulled_by_a_user_of_their_own" {
  command = plan

  assert {
    condition     = output.images_user == "ecommerce-test-images" && oci_identity_policy.images[0].statements == tolist(["Allow group id ocid1.group.oc1..kafka to read repos in compartment id ocid1.compartment.oc1..test"])
    error_message = "the kubelet's user pulls, and does nothing else"
  }
  assert {
    condition     = oci_identity_user_capabilities_management.images[0].can_use_auth_tokens && !oci_identity_user_capabilities_management.images[0].can_use_api_keys && !oci_identity_user_capabilities_management.images[0].can_use_console_password
    error_message = "an auth token, and no other way in"
  }
  assert {
    condition     = [for statement in oci_identity_policy.registry.statements : regex("service_account = '([a-z-]+)'.*target\\.secret\\.name = (.*)}$", statement)] == [["registry", "/ecommerce.test.registry.*/"]]
    error_message = "who brings the token to the cluster reads that and nothing else"
  }
}

run "another_region_of_the_environment_has_the_same_users" {
  command = plan
  variables {
    name         = "ecommerce-test-recovery"
    stream_ids   = { user-events = "stream-user-2", order-events = "stream-order-2" }
    kafka_groups = { auth = "ocid1.group.oc1..auth", order = "ocid1.group.oc1..order" }
  }

  assert {
    condition     = length(oci_identity_user.kafka) + length(oci_identity_group.kafka) + length(oci_identity_user_group_membership.kafka) + length(oci_identity_user.images) == 0
    error_message = "their tokens are good in every region, and new ones would have to be made in the disaster"
  }
  assert {
    condition = oci_identity_policy.kafka["auth"].statements == tolist([
      "Allow group id ocid1.group.oc1..auth to use stream-push in compartment id ocid1.compartment.oc1..test where target.stream.id = 'stream-user-2'",
    ])
    error_message = "they may use the streams of that region"
  }
}

run "nodes_may_do_one_thing" {
  command = plan

  assert {
    condition     = [for statement in oci_identity_policy.nodes.statements : regex("to (\\w+ [a-z-]+) in", statement)[0]] == ["use log-content"]
    error_message = "a node writes logs, nothing else"
  }
  assert {
    condition     = oci_identity_dynamic_group.nodes.matching_rule == "ALL {instance.compartment.id = 'ocid1.compartment.oc1..test'}"
    error_message = "another environment's instances must not match"
  }
}

run "policies_on_the_tenancy_are_refused" {
  command = plan
  variables { compartment_id = "ocid1.tenancy.oc1..test" }
  expect_failures = [var.compartment_id]
}

run "a_contact_that_is_no_address_is_refused" {
  command = plan
  variables { contact = "oncall" }
  expect_failures = [var.contact]
}
