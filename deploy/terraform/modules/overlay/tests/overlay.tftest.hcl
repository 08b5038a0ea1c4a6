variables {
  environment        = "production"
  region             = "ap-mumbai-1"
  compartment_id     = "ocid1.compartment.oc1..test"
  vault_id           = "ocid1.vault.oc1..test"
  tenancy_name       = "example"
  registry_namespace = "testnamespace"
  redis_url          = "rediss://redis.example:6379"
  maximum_ocpus      = 64
  network = {
    subnet_cidrs = { api = "10.0.0.0/28", data = "10.0.3.0/24", load_balancer = "10.0.1.0/24" }
    subnet_ids   = { load_balancer = "ocid1.subnet.oc1..test" }
    group_ids    = { load_balancer = "ocid1.networksecuritygroup.oc1..a", nodes = "ocid1.networksecuritygroup.oc1..b" }
    ingress_ip   = "192.0.2.7"
  }
  databases = {
    auth = { id = "ocid1.postgresqldbsystem.oc1..auth", host = "auth.example", nodes = [], ca_certificate = "one\n" }
    cart = { id = "ocid1.postgresqldbsystem.oc1..cart", host = "cart.example", nodes = ["a.example", "b.example"], ca_certificate = "one" }
  }
  messaging = {
    stream_pool_id    = "ocid1.streampool.oc1..test"
    bootstrap_servers = "cell-1.streaming.example:9092"
    queues            = { order-service-events = { url = "https://queue.example" } }
  }
}

run "a_database_s_nodes_are_named_or_none_is" {
  command = plan

  assert {
    condition     = output.files["environment.yaml"]["replicas-cart"] == "a.example,b.example" && output.files["environment.yaml"]["replicas-auth"] == ""
    error_message = "without nodes of its own the old ones would stay in the overlay, and be read from"
  }
  assert {
    condition     = output.files["environment.yaml"]["database-auth"] == "auth.example" && output.files["database-ca.pem"] == "one"
    error_message = "each database's host, and each authority once"
  }
  assert {
    condition     = output.files["environment.yaml"]["queue-order"] == "order-service-events=https://queue.example"
    error_message = "a queue is its owner's"
  }
}

run "where_there_are_no_replicas_there_is_no_place_for_them" {
  command = plan
  variables { environment = "development" }

  assert {
    condition     = length([for key in keys(output.files["environment.yaml"]) : key if startswith(key, "replicas-")]) == 0
    error_message = "fill.py would not know where to write them"
  }
}
