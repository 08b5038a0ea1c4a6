# What the Kubernetes overlays need. No secret is among them, so `terraform output -json` may be kept and compared.

output "kubernetes" {
  description = "By what the overlays call them."
  value = {
    cluster_id           = module.oke.cluster_id
    api_endpoint         = module.oke.api_endpoint
    bastion_id           = module.oke.bastion_id
    namespace            = local.namespace
    vcn_id               = module.network.vcn_id
    compartment_id       = oci_identity_compartment.this.id
    vault_id             = module.secrets.vault_id
    key_id               = module.secrets.key_id
    secrets              = module.secrets.names
    subnet_cidrs         = module.network.subnet_cidrs
    availability_domains = local.availability_domains
    region               = var.region
  }
}

output "ingress" {
  description = "For the load balancer's annotations: reserved address, subnet, groups and the tag that the root edge looks for."
  value = {
    ip            = module.network.ingress_ip
    subnet_id     = module.network.subnet_ids["load_balancer"]
    group_id      = module.network.group_ids["load_balancer"]
    backend_group = module.network.group_ids["nodes"]
    freeform_tags = { role = "ingress", environment = var.environment }
    minimum_mbps  = 100
    maximum_mbps  = 1000
  }
}

output "images" {
  description = "By service: the repository, to be prefixed with <region>.ocir.io/<namespace>/."
  value       = module.registry.repositories
}

output "databases" {
  description = "By service: OCID, names and port, and the authority that sslmode=verify-full needs."
  value = { for service in local.database_services : service => merge(
    module.database.endpoints[service],
    { id = module.database.ids[service], ca_certificate = module.database.ca_certificates[service] },
  ) }
}

output "autoscale" {
  description = "Bounds for `haat autoscale`."
  value       = { initial_ocpus = local.numbers.database.ocpus[0], maximum_ocpus = module.database.maximum_ocpus }
}

output "redis_url" {
  value = module.cache.url
}

output "kafka" {
  description = "Bootstrap address, pool and, by service, the user whose auth token is to be made."
  value = {
    bootstrap_servers = module.messaging.bootstrap_servers
    stream_pool_id    = module.messaging.stream_pool_id
    users             = module.iam.kafka_users
  }
}

output "queues" {
  description = "By name: OCID and endpoint."
  value       = module.messaging.queues
}

output "secrets_by_hand" {
  description = "Names of the secrets that the vault cannot make: see the README for how to put them there."
  value       = local.secret_names.hand
}

output "images_user" {
  description = "The user whose auth token is to be made for pulling images."
  value       = module.iam.images_user
}

output "replication" {
  description = "For `oci vault secret create-base64 --replication-config`: where the secrets that are made by hand are copied to. Empty: nowhere."
  value = jsonencode(var.recovery_region == null ? { replicationTargets = [] } : { replicationTargets = [{
    targetRegion  = var.recovery_region
    targetVaultId = module.copies[0].vault.vault_id
    targetKeyId   = module.copies[0].vault.key_id
  }] })
}

output "operations" {
  description = "Topic of the alarms, logs by service, and for how long they are kept."
  value = {
    topic_id           = module.observability.topic_id
    log_ids            = module.observability.log_ids
    log_retention_days = module.observability.log_retention_days
    flow_log_bucket    = module.observability.flow_log_bucket
    traces             = module.observability.traces
  }
}

output "facts" {
  description = "What is planned, in numbers: the tests hold them against topology.yaml, and an operator can read them."
  value = {
    names = {
      compartment = oci_identity_compartment.this.name
      vcn         = module.network.name
      vault       = module.secrets.vault_name
      key         = module.secrets.key_name
      nodes       = module.iam.node_group_name
    }
    network       = { subnets = module.network.subnet_cidrs, public = module.network.public_subnets, open_ports = module.network.open_ports }
    cluster       = module.oke.facts
    databases     = module.database.facts
    cache         = module.cache.facts
    messaging     = module.messaging.facts
    repositories  = sort(values(module.registry.repositories))
    secrets       = sort(flatten([for names in values(module.secrets.names) : values(names)]))
    all_secrets   = { made = module.secrets.all_names, listed = local.secret_names.vault }
    rights        = module.iam.facts
    observability = module.observability.facts
    cost          = module.cost.facts
  }
}
