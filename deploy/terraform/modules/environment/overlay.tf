data "oci_identity_tenancy" "this" {
  provider = oci.home

  tenancy_id = var.tenancy_id
}

data "oci_objectstorage_namespace" "this" {
  compartment_id = var.tenancy_id
}

module "overlay" {
  source = "../overlay"

  environment        = var.environment
  region             = var.region
  compartment_id     = oci_identity_compartment.this.id
  vault_id           = module.secrets.vault_id
  tenancy_name       = data.oci_identity_tenancy.this.name
  registry_namespace = data.oci_objectstorage_namespace.this.namespace
  redis_url          = module.cache.url
  maximum_ocpus      = module.database.maximum_ocpus

  network = {
    subnet_cidrs = module.network.subnet_cidrs
    subnet_ids   = module.network.subnet_ids
    group_ids    = module.network.group_ids
    ingress_ip   = module.network.ingress_ip
  }

  databases = { for service in local.database_services : service => {
    id             = module.database.ids[service]
    host           = module.database.endpoints[service].host
    nodes          = module.database.nodes[service]
    ca_certificate = module.database.ca_certificates[service]
  } }

  messaging = {
    stream_pool_id    = module.messaging.stream_pool_id
    bootstrap_servers = module.messaging.bootstrap_servers
    queues            = module.messaging.queues
  }
}

output "overlay" {
  description = "For `deploy/kubernetes/fill.py`."
  value       = module.overlay.files
}
