mock_provider "oci" {
  override_during = plan

  mock_resource "oci_identity_dynamic_group" {
    defaults = { id = "ocid1.dynamicgroup.oc1..clusters" }
  }
}

variables {
  tenancy_id     = "ocid1.tenancy.oc1..test"
  compartment_id = "ocid1.compartment.oc1..test"
  name           = "ecommerce-test"
  region         = "ap-hyderabad-1"
  key_id         = "ocid1.key.oc1..test"
  tags           = { freeform = { product = "haat" }, defined = {} }
}

run "a_cluster_that_is_not_made_yet_may_use_the_key" {
  command = plan

  assert {
    condition     = oci_identity_dynamic_group.clusters.matching_rule == "ALL {resource.type = 'cluster', resource.compartment.id = 'ocid1.compartment.oc1..test'}"
    error_message = "every cluster of the compartment, and none besides"
  }
  assert {
    condition     = contains(oci_identity_policy.first.statements, "Allow dynamic-group id ocid1.dynamicgroup.oc1..clusters to use keys in compartment id ocid1.compartment.oc1..test where target.key.id = 'ocid1.key.oc1..test'")
    error_message = "OKE encrypts Kubernetes Secrets as the cluster itself"
  }
}

run "it_is_this_key_and_this_compartment" {
  command = plan

  assert {
    condition = oci_identity_policy.first.compartment_id == var.compartment_id && alltrue([for statement in oci_identity_policy.first.statements :
      startswith(statement, "Allow ") && strcontains(statement, " in compartment id ocid1.compartment.oc1..test where ") && strcontains(statement, "target.key.id = 'ocid1.key.oc1..test'")
    ])
    error_message = "a statement reaches beyond the key"
  }
  assert {
    condition = sort([for statement in oci_identity_policy.first.statements : regex("^Allow (?:dynamic-group id|service)? ?([\\w.-]+) to use ([a-z-]+)", statement)[0]]) == sort([
      "ocid1.dynamicgroup.oc1..clusters", "blockstorage", "objectstorage-ap-hyderabad-1", "streaming", "queue", "oke", "any-user",
    ])
    error_message = "who encrypts: the cluster, disks, buckets, streams, queues; who hands the key on: OKE and its node pools"
  }
  assert {
    condition     = alltrue([for statement in oci_identity_policy.first.statements : strcontains(statement, "request.principal.type = 'nodepool'") if startswith(statement, "Allow any-user")])
    error_message = "any-user without a kind of principal would be everybody in the tenancy"
  }
}

run "a_database_reads_its_administrator_s_password" {
  command = plan
  variables { administrator_prefix = "ecommerce.test.database-setup" }

  assert {
    condition = [for statement in oci_identity_policy.first.statements : statement if strcontains(statement, "secret-bundles")] == [
      "Allow any-user to read secret-bundles in compartment id ocid1.compartment.oc1..test where all {request.principal.type = 'postgresqldbsystem', target.secret.name = /ecommerce.test.database-setup.*/}",
    ]
    error_message = "the administrators' passwords, and no service's"
  }
}

run "what_is_taken_from_here_is_what_was_given" {
  command = plan
  variables { administrator_secret_ids = { auth = "ocid1.vaultsecret.oc1..auth" } }

  # Known in every plan, a first one too: a cluster whose key were unknown would be made anew.
  assert {
    condition     = output.key_id == var.key_id && output.administrator_secret_ids == var.administrator_secret_ids
    error_message = "handed on unchanged"
  }
}

run "an_hour_is_refused" {
  command = plan
  variables { spread_seconds = 3600 }
  expect_failures = [var.spread_seconds]
}
