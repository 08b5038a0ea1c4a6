# The numbers of production as the design states them, written out once more on purpose: should topology.yaml or a module come
# to say something else, one of these runs fails.

mock_provider "oci" {
  override_during = plan

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
    defaults = { id = "ocid1.queue.oc1..test" }
  }
  mock_data "oci_psql_db_system_connection_detail" {
    defaults = {
      ca_certificate      = "-----BEGIN CERTIFICATE-----"
      primary_db_endpoint = [{ fqdn = "primary.example", ip_address = "10.0.3.4", port = 5432 }]
      reader_endpoint     = [{ fqdn = "reader.example", ip_address = "10.0.3.5", port = 5432 }]
    }
  }
}

mock_provider "oci" {
  alias           = "home"
  override_during = plan

  mock_data "oci_objectstorage_namespace" {
    defaults = { namespace = "testnamespace" }
  }
  mock_resource "oci_identity_compartment" {
    defaults = { id = "ocid1.compartment.oc1..production" }
  }
}

mock_provider "oci" {
  alias           = "recovery"
  override_during = plan

  mock_data "oci_identity_availability_domains" {
    defaults = { availability_domains = [{ name = "abcd:AP-MUMBAI-1-AD-1", id = "1", compartment_id = "t" }] }
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
    defaults = { services = [{ id = "s", name = "All BOM Services In Oracle Services Network", cidr_block = "all-bom", description = "All" }] }
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
    defaults = { id = "ocid1.queue.oc1..test" }
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
  tenancy_id     = "ocid1.tenancy.oc1..test"
  home_region    = "ap-mumbai-1"
  alert_emails   = ["devops@example.com", "oncall@example.com"]
  operator_cidrs = ["203.0.113.10/32"]
  budget         = 1000
  reports_from   = "2027-01-01T00:00:00Z"
}

run "the_network_is_the_environment_s_own" {
  command = plan

  assert {
    condition = output.facts.network.subnets == {
      api           = "10.0.0.0/28"
      load_balancer = "10.0.1.0/24"
      nodes         = "10.0.2.0/24"
      data          = "10.0.3.0/24"
      pods          = "10.0.32.0/19"
    }
    error_message = "production is 10.0.0.0/16"
  }
  assert {
    condition     = output.facts.network.public == ["load_balancer"] && output.facts.network.open_ports == tolist(["load_balancer:443", "load_balancer:80"])
    error_message = "only the load balancer is public, on 80 and 443"
  }
  assert {
    condition     = output.facts.cluster.public_api == false
    error_message = "the cluster's API must not be public"
  }
}

run "the_cluster_grows_between_its_bounds" {
  command = plan

  assert {
    condition     = output.facts.cluster.autoscaler_bounds == "3:50" && output.facts.cluster.minimum_nodes == 3
    error_message = "nodes 3:50"
  }
  assert {
    condition     = output.facts.cluster.availability_domains == tolist(["abcd:AP-HYDERABAD-1-AD-1"]) && output.facts.cluster.fault_domains == 3
    error_message = "one availability domain: over its three fault domains"
  }
}

run "ten_databases" {
  command = plan

  assert {
    condition     = keys(output.facts.databases) == ["auth", "cart", "discount", "notification", "order", "payment", "product", "return", "shipping", "user"]
    error_message = "every service but the gateway has a database"
  }
  assert {
    condition = alltrue([for service, facts in output.facts.databases :
      facts.display_name == "ecommerce-production-${service}-db" && facts.instances == 3 && facts.ocpus == 2 && facts.backup_days == 30 && facts.pitr_days == 30 && !facts.regional
    ])
    error_message = "a primary and 2 replicas with 2 OCPUs, 30 days of backups"
  }
  assert {
    condition     = alltrue([for facts in output.facts.databases : facts.copies == ["ap-mumbai-1"]])
    error_message = "backups are copied to Mumbai"
  }
  assert {
    condition     = output.autoscale == { initial_ocpus = 2, maximum_ocpus = 64 }
    error_message = "the topology allows 128 OCPUs, the shape 64"
  }
  assert {
    condition     = alltrue([for facts in output.facts.databases : facts.reader == true])
    error_message = "readers go to the replicas"
  }
  assert {
    condition     = alltrue([for facts in output.facts.databases : facts.tags["ecommerce-production.environment"] == "production" && facts.tags["ecommerce-production.component"] == "database" && facts.tags["product"] == "haat"])
    error_message = "a database bears no tag for its cost"
  }
}

run "cache_streams_and_queues" {
  command = plan

  assert {
    condition     = output.facts.cache == "3 x 24 GB V7_0_5 NONSHARDED"
    error_message = "three nodes of 24 GB, Redis 7.0.5"
  }
  assert {
    condition = output.facts.messaging.streams == {
      order-events = "1 x 24 h", payment-events = "1 x 24 h", product-events = "1 x 24 h", user-events = "1 x 24 h"
    }
    error_message = "four streams, one partition, one day"
  }
  assert {
    condition = { for name, queue in output.facts.messaging.queues : name => queue } == {
      for service in ["notification", "order", "payment", "product", "user"] :
      "${service}-service-events" => { visibility = 30, deliveries = 5, retention = 604800, display_name = "${service}-service-events" }
    }
    error_message = "five queues, hidden for 30 s, dead after 5 deliveries, kept 7 days"
  }
}

run "images_and_secrets" {
  command = plan

  assert {
    condition = output.facts.repositories == tolist([
      for service in ["auth", "cart", "discount", "gateway", "notification", "order", "payment", "product", "return", "shipping", "user"] : "ecommerce-production-${service}-service"
    ])
    error_message = "eleven repositories"
  }
  assert {
    condition     = length(output.facts.secrets) == 21 && length([for name in output.facts.secrets : name if endswith(name, ".jwt-secret")]) == 11 && length([for name in output.facts.secrets : name if endswith(name, ".database-url")]) == 10
    error_message = "21 secrets: eleven signing keys and ten connections"
  }
  assert {
    condition     = alltrue([for name in output.facts.secrets : can(regex("^ecommerce\\.production\\.[a-z]+-service\\.(jwt-secret|database-url)$", name))])
    error_message = "a secret's name does not say whose it is"
  }
  assert {
    condition     = output.kubernetes.secrets["gateway"] == { jwt_secret = "ecommerce.production.gateway-service.jwt-secret" }
    error_message = "the gateway has no database"
  }
}

run "rights_follow_the_topology" {
  command = plan

  assert {
    condition     = output.facts.rights["gateway"] == "secret-bundles" && output.facts.rights["auth"] == "secret-bundles stream-push stream-pull"
    error_message = "the gateway uses no stream; auth publishes to one and hears of erasures on it"
  }
  assert {
    condition     = output.facts.rights["payment"] == "secret-bundles stream-push stream-push stream-pull stream-pull queue-push queue-pull"
    error_message = "payment publishes to two streams, hears two, and owns a queue"
  }
  assert {
    condition     = [for service, verbs in output.facts.rights : service if strcontains(verbs, "queue-pull")] == ["notification", "order", "payment", "product", "user"]
    error_message = "five services own a queue"
  }
}

run "alarms_logs_and_costs" {
  command = plan

  assert {
    condition = { for name, query in output.facts.observability.alarms : name => regex("> ([0-9]+)$", query)[0] } == {
      database-cpu         = "80"
      database-storage     = "1869169767219"
      database-replica-lag = "5"
      redis-memory         = "80"
      load-balancer-5xx    = "10"
      node-cpu             = "80"
    }
    error_message = "database CPU 80 %, storage 85 %, Redis 80 %, 10 errors, nodes 80 %, lag 5 s"
  }
  assert {
    condition     = output.facts.observability.topic == "ecommerce-production-alerts" && output.facts.observability.subscriptions == tolist(["devops@example.com", "oncall@example.com"])
    error_message = "alarms go to the topic and by e-mail"
  }
  assert {
    condition     = output.facts.observability.log_days == toset([90]) && length(output.facts.observability.logs) == 11 && output.facts.observability.flow_log_days == "90"
    error_message = "a log for each service, 90 days; flow logs 90 days"
  }
  assert {
    condition     = output.facts.cost == { budget = 1000, thresholds = tolist(["050", "075", "090", "100"]), reports = tolist(["DAILY", "MONTHLY"]) }
    error_message = "budget alerts at 50, 75, 90 and 100 %, reports daily and monthly"
  }
  assert {
    condition     = output.facts.standbys == 10
    error_message = "a standby in Mumbai for every database"
  }
}

run "three_availability_domains" {
  command = plan

  override_data {
    target          = module.environment.data.oci_identity_availability_domains.this
    override_during = plan
    values          = { availability_domains = [for n in [1, 2, 3] : { name = "abcd:AP-X-1-AD-${n}", id = "a", compartment_id = "t" }] }
  }

  assert {
    condition     = length(output.facts.cluster.availability_domains) == 3 && output.facts.cluster.fault_domains == 9
    error_message = "three domains: over all three, and their fault domains"
  }
  assert {
    condition     = alltrue([for facts in output.facts.databases : facts.regional])
    error_message = "with three domains a database's storage outlives the loss of one"
  }
}
