# The numbers of development as the design states them, written out once more on purpose: should topology.yaml or a module come
# to say something else, one of these runs fails.

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
  tenancy_id     = "ocid1.tenancy.oc1..test"
  home_region    = "ap-mumbai-1"
  alert_emails   = ["devops@example.com", "oncall@example.com"]
  operator_cidrs = ["203.0.113.10/32"]
  budget         = 1000
  reports_from   = "2027-01-01T00:00:00Z"
}

# One plan for all of it: a plan takes seconds, an assertion nothing.
run "the_plan_is_the_design" {
  command = plan

  # The network is the environment's own.
  assert {
    condition = output.facts.network.subnets == {
      api           = "10.2.0.0/28"
      load_balancer = "10.2.1.0/24"
      nodes         = "10.2.2.0/24"
      data          = "10.2.3.0/24"
      pods          = "10.2.32.0/19"
    }
    error_message = "development is 10.2.0.0/16"
  }
  assert {
    condition     = output.facts.network.public == ["load_balancer"] && output.facts.network.open_ports == tolist(["load_balancer:443", "load_balancer:80"])
    error_message = "only the load balancer is public, on 80 and 443"
  }
  assert {
    condition     = output.facts.cluster.public_api == false
    error_message = "the cluster's API must not be public"
  }

  # The cluster grows between its bounds.
  assert {
    condition     = output.facts.cluster.autoscaler_bounds == "1:5" && output.facts.cluster.minimum_nodes == 1
    error_message = "nodes 1:5"
  }
  assert {
    condition     = output.facts.cluster.availability_domains == tolist(["abcd:AP-HYDERABAD-1-AD-1"]) && output.facts.cluster.fault_domains == 3
    error_message = "one availability domain: over its three fault domains"
  }

  # Ten databases.
  assert {
    condition     = keys(output.facts.databases) == ["auth", "cart", "discount", "notification", "order", "payment", "product", "return", "shipping", "user"]
    error_message = "every service but the gateway has a database"
  }
  assert {
    condition = alltrue([for service, facts in output.facts.databases :
      facts.display_name == "ecommerce-development-${service}-db" && facts.instances == 1 && facts.ocpus == 2 && facts.backup_days == 3 && facts.pitr_days == 3 && !facts.regional
    ])
    error_message = "a primary and 0 replicas with 2 OCPUs, 3 days of backups"
  }
  assert {
    condition     = alltrue([for facts in output.facts.databases : facts.copies == []])
    error_message = "development pays for no copies"
  }
  assert {
    condition     = output.autoscale == { initial_ocpus = 2, maximum_ocpus = 4 }
    error_message = "the topology allows 4 OCPUs, the shape 64"
  }
  assert {
    condition     = alltrue([for facts in output.facts.databases : facts.reader == false])
    error_message = "no replica, no reader"
  }
  assert {
    condition     = alltrue([for facts in output.facts.databases : facts.tags["ecommerce-development.environment"] == "development" && facts.tags["ecommerce-development.component"] == "database" && facts.tags["product"] == "haat"])
    error_message = "a database bears no tag for its cost"
  }

  # Cache streams and queues.
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
      "${service}-service-events" => { visibility = 30, dead_letters = 0, retention = 86400, display_name = "${service}-service-events" }
    }
    error_message = "five queues, hidden for 30 s, dead letters in a channel of their own, kept 1 days"
  }

  # Images and secrets.
  assert {
    condition = output.facts.repositories == tolist([
      for service in ["auth", "cart", "discount", "gateway", "notification", "order", "payment", "product", "return", "shipping", "user"] : "ecommerce-development-${service}-service"
    ])
    error_message = "eleven repositories"
  }
  assert {
    condition     = length(output.facts.secrets) == 21 && length([for name in output.facts.secrets : name if endswith(name, ".jwt-secret")]) == 11 && length([for name in output.facts.secrets : name if endswith(name, ".database-url")]) == 10
    error_message = "21 secrets: eleven signing keys and ten connections"
  }
  assert {
    condition     = alltrue([for name in output.facts.secrets : can(regex("^ecommerce\\.development\\.[a-z]+-service\\.(jwt-secret|database-url)$", name))])
    error_message = "a secret's name does not say whose it is"
  }
  assert {
    condition     = output.kubernetes.secrets["gateway"] == { jwt_secret = "ecommerce.development.gateway-service.jwt-secret" }
    error_message = "the gateway has no database"
  }

  # Rights follow the topology.
  assert {
    condition     = output.facts.rights["gateway"] == "secret-bundles" && output.facts.rights["auth"] == "secret-bundles stream-push stream-pull"
    error_message = "the gateway uses no stream; auth publishes to one and hears of erasures on it"
  }
  assert {
    condition     = output.facts.rights["payment"] == "secret-bundles stream-push stream-push stream-pull stream-pull queue-push queue-pull queues"
    error_message = "payment publishes to two streams, hears two, and owns a queue"
  }
  assert {
    condition     = [for service, verbs in output.facts.rights : service if strcontains(verbs, "queue-pull")] == ["notification", "order", "payment", "product", "user"]
    error_message = "five services own a queue"
  }

  # Alarms logs and costs.
  assert {
    condition = { for name, query in output.facts.observability.alarms : name => regex("> ([0-9]+)$", query)[0] } == {
      database-cpu         = "90"
      database-storage     = "1044536046387"
      database-replica-lag = "5"
      redis-memory         = "90"
      load-balancer-5xx    = "100"
      node-cpu             = "90"
    }
    error_message = "database CPU 90 %, storage 95 %, Redis 90 %, 100 errors, nodes 90 %, lag 5 s"
  }
  assert {
    condition     = output.facts.observability.topic == "ecommerce-development-alerts" && output.facts.observability.subscriptions == tolist(["devops@example.com", "oncall@example.com"])
    error_message = "alarms go to the topic and by e-mail"
  }
  assert {
    condition     = output.facts.observability.log_days == toset([30]) && length(output.facts.observability.logs) == 11 && output.facts.observability.flow_log_days == "90"
    error_message = "a log for each service, 30 days; flow logs 90 days"
  }
  assert {
    condition     = output.facts.cost == { budget = 1000, thresholds = tolist(["050", "075", "090", "100"]), reports = tolist(["DAILY", "MONTHLY"]) }
    error_message = "budget alerts at 50, 75, 90 and 100 %, reports daily and monthly"
  }

  # Names and versions.
  assert {
    condition = output.facts.names == {
      compartment = "ecommerce-development"
      vcn         = "ecommerce-development-vcn"
      vault       = "ecommerce-development-vault"
      key         = "ecommerce-development-secrets-key"
      nodes       = "ecommerce-development-oke-services"
    }
    error_message = "the design's names"
  }
  assert {
    condition     = output.facts.cluster.version == "v1.34.1" && output.facts.cluster.node == "VM.Standard.E4.Flex 2 OCPUs 32 GB"
    error_message = "Kubernetes v1.34.1 on nodes with 2 OCPUs and 32 GB"
  }

  # Secrets beyond the 21, and what the overlay takes.
  assert {
    condition     = output.facts.all_secrets.made == output.facts.all_secrets.listed
    error_message = "the vault makes what deploy/secrets.yaml says, and nothing else"
  }
  assert {
    condition = sort(setsubtract(output.facts.all_secrets.made, output.facts.secrets)) == sort(concat(flatten([
      for service in ["auth", "cart", "discount", "notification", "order", "payment", "product", "return", "shipping", "user"] :
      ["ecommerce.development.${service}-service.database-owner-url", "ecommerce.development.database-setup.${service}.administrator"]
    ]), ["ecommerce.development.payment-service.sandbox-secret"]))
    error_message = "an owner and an administrator for each database, and the sandbox's secret"
  }
  assert {
    condition = output.secrets_by_hand == tolist([
      "ecommerce.development.auth-service.kafka-password",
      "ecommerce.development.cart-service.kafka-password",
      "ecommerce.development.discount-service.kafka-password",
      "ecommerce.development.notification-service.kafka-password",
      "ecommerce.development.notification-service.smtp-url",
      "ecommerce.development.order-service.kafka-password",
      "ecommerce.development.payment-service.kafka-password",
      "ecommerce.development.product-service.kafka-password",
      "ecommerce.development.registry.images.pull-token",
      "ecommerce.development.return-service.kafka-password",
      "ecommerce.development.shipping-service.kafka-password",
      "ecommerce.development.user-service.kafka-password",
    ])
    error_message = "what only a person has"
  }
  assert {
    condition = alltrue([for key, value in {
      region        = "ap-hyderabad-1"
      api-subnet    = "10.2.0.0/28"
      public-subnet = "10.2.1.0/24"
      data-subnet   = "10.2.3.0/24"
      tenancy       = "example"
      queue-order   = "order-service-events=https://cell-1.queue.messaging.ap-hyderabad-1.oci.oraclecloud.com/20210201/queues/ocid1.queue.oc1..test"
    } : output.overlay["environment.yaml"][key] == value])
    error_message = "the overlay's environment.yaml"
  }
  assert {
    condition     = [for key in keys(output.overlay["environment.yaml"]) : key if startswith(key, "replicas-")] == []
    error_message = "no database has a replica here"
  }
  assert {
    condition     = length(split(",", output.overlay["autoscale.env"].OCI_DATABASES)) == 10 && startswith(output.overlay["autoscale.env"].OCI_DATABASES, "auth=ocid1.postgresqldbsystem.oc1..test,")
    error_message = "ten databases for the controller that scales them"
  }
  assert {
    condition     = output.overlay["autoscale.env"].AUTOSCALE_MAXIMUM_OCPUS == "4"
    error_message = "the controller's cap is what the shape offers, and no more than the topology's"
  }
  assert {
    condition     = output.overlay["cloud.env"].KAFKA_BROKERS == "cell-1.streaming.example:9092" && output.overlay["images/kustomization.yaml"] == "ap-hyderabad-1.ocir.io/testnamespace"
    error_message = "brokers and registry"
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
