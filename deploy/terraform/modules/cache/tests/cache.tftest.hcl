mock_provider "oci" {
  override_during = plan

  mock_resource "oci_redis_redis_cluster" {
    defaults = { id = "ocid1.rediscluster.oc1..test", primary_fqdn = "redis.example" }
  }
}

variables {
  compartment_id = "ocid1.compartment.oc1..test"
  name           = "ecommerce-test"
  subnet_id      = "subnet-data"
  group_id       = "nsg-cache"
  tags           = { freeform = { product = "haat" }, defined = {} }
}

run "three_nodes_of_redis_7" {
  command = plan

  assert {
    condition     = oci_redis_redis_cluster.this.node_count == 3 && oci_redis_redis_cluster.this.node_memory_in_gbs == 24
    error_message = "three nodes of 24 GB"
  }
  assert {
    condition     = oci_redis_redis_cluster.this.software_version == "V7_0_5" && oci_redis_redis_cluster.this.cluster_mode == "NONSHARDED"
    error_message = "Redis 7.0.5 without shards"
  }
  assert {
    condition     = oci_redis_redis_cluster.this.subnet_id == "subnet-data" && oci_redis_redis_cluster.this.nsg_ids == toset(["nsg-cache"])
    error_message = "the cache stands outside its private subnet or its group"
  }
  assert {
    condition     = output.url == "rediss://redis.example:6379"
    error_message = "the URL must ask for TLS"
  }
}

run "too_many_nodes_are_refused" {
  command = plan
  variables { nodes = 6 }
  expect_failures = [var.nodes]
}

run "too_little_memory_is_refused" {
  command = plan
  variables { memory = 1 }
  expect_failures = [var.memory]
}
