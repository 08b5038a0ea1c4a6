# Nothing below stands, or costs anything, before the disaster. None of it holds data of its own: Redis may be empty, and
# what was in a stream is published again from the outboxes.

module "oke" {
  count  = var.disaster ? 1 : 0
  source = "../oke"

  compartment_id     = local.home.compartment_id
  name               = local.name
  kubernetes_version = var.kubernetes_version
  nodes              = local.home.nodes
  fault_domains      = { for domain, found in data.oci_identity_fault_domains.this : domain => sort(found.fault_domains[*].name) }
  kms_key_id         = module.grants.key_id
  operator_cidrs     = var.operator_cidrs
  tags               = local.home.tags

  network = {
    vcn_id     = module.network.vcn_id
    subnet_ids = module.network.subnet_ids
    group_ids  = module.network.group_ids
  }
}

module "cache" {
  count  = var.disaster ? 1 : 0
  source = "../cache"

  compartment_id = local.home.compartment_id
  name           = local.name
  subnet_id      = module.network.subnet_ids["data"]
  group_id       = module.network.group_ids["cache"]
  tags           = local.home.tags
}

module "messaging" {
  count  = var.disaster ? 1 : 0
  source = "../messaging"

  compartment_id       = local.home.compartment_id
  name                 = local.name
  streams              = local.home.messaging.streams
  partitions           = local.home.messaging.partitions
  retention_hours      = local.home.messaging.retention_hours
  queues               = local.home.messaging.queues
  queue_retention_days = local.home.messaging.queue_retention_days
  kms_key_id           = module.grants.key_id
  subnet_id            = module.network.subnet_ids["data"]
  group_id             = module.network.group_ids["streaming"]
  tags                 = local.home.tags
}

# The pods of this cluster are other principals, with other streams and queues. Secrets keep their names, and users their tokens.
module "iam" {
  count     = var.disaster ? 1 : 0
  source    = "../iam"
  providers = { oci = oci.home }

  tenancy_id      = var.tenancy_id
  compartment_id  = local.home.compartment_id
  name            = local.name
  region          = local.home.region
  cluster_id      = module.oke[0].cluster_id
  namespace       = local.home.namespace
  secret_prefix   = local.home.secret_prefix
  services        = local.home.rights
  stream_ids      = module.messaging[0].stream_ids
  queue_ids       = { for queue, facts in module.messaging[0].queues : queue => facts.id }
  flow_log_bucket = "${local.name}-flow-logs"
  contact         = local.home.contact
  kafka_groups    = local.home.kafka_groups
  tags            = local.home.tags
}

# What `deploy/kubernetes/fill.py` writes into the overlay: the same files as at home.
module "overlay" {
  count  = var.disaster ? 1 : 0
  source = "../overlay"

  environment        = local.home.environment
  region             = local.home.region
  compartment_id     = local.home.compartment_id
  vault_id           = local.home.vault.vault_id
  tenancy_name       = local.home.tenancy_name
  registry_namespace = local.home.registry_namespace
  redis_url          = module.cache[0].url
  maximum_ocpus      = local.home.database.maximum_ocpus

  network = {
    subnet_cidrs = module.network.subnet_cidrs
    subnet_ids   = module.network.subnet_ids
    group_ids    = module.network.group_ids
    ingress_ip   = module.network.ingress_ip
  }

  # Each has one node.
  databases = { for service, detail in data.oci_psql_db_system_connection_detail.standby : service => {
    id             = oci_psql_db_system.standby[service].id
    host           = one(detail.primary_db_endpoint).fqdn
    nodes          = []
    ca_certificate = detail.ca_certificate
  } }

  messaging = {
    stream_pool_id    = module.messaging[0].stream_pool_id
    bootstrap_servers = module.messaging[0].bootstrap_servers
    queues            = module.messaging[0].queues
  }
}
