# `deploy/kubernetes/fill.py` writes these into the overlay, each into the file that it names. What is missing there after that, only a person knows.
output "files" {
  description = "By file of deploy/kubernetes/overlays/<environment>, what stands in it."
  value = {
    "environment.yaml" = merge(
      {
        region                      = var.region
        vault                       = var.vault_id
        registry                    = "${var.region}.ocir.io/${var.registry_namespace}"
        api-subnet                  = var.network.subnet_cidrs["api"]
        data-subnet                 = var.network.subnet_cidrs["data"]
        public-subnet               = var.network.subnet_cidrs["load_balancer"]
        public-subnet-ocid          = var.network.subnet_ids["load_balancer"]
        load-balancer-group         = var.network.group_ids["load_balancer"]
        load-balancer-backend-group = var.network.group_ids["nodes"]
        load-balancer-address       = var.network.ingress_ip
        load-balancer-tags          = jsonencode({ role = "ingress", environment = var.environment })
        tenancy                     = var.tenancy_name
        stream-pool                 = var.messaging.stream_pool_id
      },
      { for service, database in var.databases : "database-${service}" => database.host },
      # Empty, and not left out, where there are none: else a service would go on reading from those of another system.
      local.has_replicas ? { for service, database in var.databases : "replicas-${service}" => join(",", database.nodes) } : {},
      { for queue, facts in var.messaging.queues : "queue-${local.topology.queues[queue].owner}" => "${queue}=${facts.url}" },
    )
    "cloud.env" = {
      REDIS_URL     = var.redis_url
      KAFKA_BROKERS = var.messaging.bootstrap_servers
    }
    "autoscale.env" = {
      OCI_REGION              = var.region
      OCI_COMPARTMENT         = var.compartment_id
      OCI_DATABASES           = join(",", [for service, database in var.databases : "${service}=${database.id}"])
      AUTOSCALE_MAXIMUM_OCPUS = tostring(var.maximum_ocpus)
    }
    "database-ca.pem"           = join("\n", distinct([for database in var.databases : trimspace(database.ca_certificate)]))
    "images/kustomization.yaml" = "${var.region}.ocir.io/${var.registry_namespace}"
  }
}
