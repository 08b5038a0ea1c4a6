data "oci_identity_tenancy" "this" {
  provider = oci.home

  tenancy_id = var.tenancy_id
}

data "oci_objectstorage_namespace" "this" {
  compartment_id = var.tenancy_id
}

# `deploy/kubernetes/fill.py` writes these into the overlay of this environment, each into the file that it names. What is missing there after
# that, only a person knows.
output "overlay" {
  description = "By file of deploy/kubernetes/overlays/<environment>, what stands in it."
  value = {
    "environment.yaml" = merge(
      {
        region                      = var.region
        vault                       = module.secrets.vault_id
        api-subnet                  = module.network.subnet_cidrs["api"]
        data-subnet                 = module.network.subnet_cidrs["data"]
        public-subnet               = module.network.subnet_cidrs["load_balancer"]
        public-subnet-ocid          = module.network.subnet_ids["load_balancer"]
        load-balancer-group         = module.network.group_ids["load_balancer"]
        load-balancer-backend-group = module.network.group_ids["nodes"]
        load-balancer-address       = module.network.ingress_ip
        load-balancer-tags          = jsonencode({ role = "ingress", environment = var.environment })
        tenancy                     = data.oci_identity_tenancy.this.name
        stream-pool                 = module.messaging.stream_pool_id
      },
      local.numbers.database.replicas[0] > 0 ? { for service, nodes in module.database.nodes : "replicas-${service}" => join(",", nodes) } : {},
      { for queue, facts in module.messaging.queues : "queue-${local.topology.queues[queue].owner}" => "${queue}=${facts.url}" },
    )
    "cloud.env" = {
      REDIS_URL     = module.cache.url
      KAFKA_BROKERS = module.messaging.bootstrap_servers
    }
    "autoscale.env" = {
      OCI_REGION              = var.region
      OCI_COMPARTMENT         = oci_identity_compartment.this.id
      OCI_DATABASES           = join(",", [for service, id in module.database.ids : "${service}=${id}"])
      AUTOSCALE_MAXIMUM_OCPUS = tostring(module.database.maximum_ocpus)
    }
    "database-ca.pem"           = join("\n", distinct([for certificate in module.database.ca_certificates : trimspace(certificate)]))
    "images/kustomization.yaml" = "${var.region}.ocir.io/${data.oci_objectstorage_namespace.this.namespace}"
  }
}
