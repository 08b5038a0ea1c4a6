# Nothing below stands, or costs anything, before the disaster. None of it holds data of its own: Redis may be empty, and
# what was in a stream is published again from the outboxes.

module "oke" {
  count  = var.active ? 1 : 0
  source = "../oke"

  compartment_id     = var.compartment_id
  name               = var.name
  kubernetes_version = var.kubernetes_version
  nodes              = var.nodes
  fault_domains      = { for domain, found in data.oci_identity_fault_domains.this : domain => sort(found.fault_domains[*].name) }
  kms_key_id         = oci_kms_key.this.id
  operator_cidrs     = var.operator_cidrs
  tags               = var.tags

  network = {
    vcn_id     = module.network[0].vcn_id
    subnet_ids = module.network[0].subnet_ids
    group_ids  = module.network[0].group_ids
  }
}

module "cache" {
  count  = var.active ? 1 : 0
  source = "../cache"

  compartment_id = var.compartment_id
  name           = var.name
  subnet_id      = module.network[0].subnet_ids["data"]
  group_id       = module.network[0].group_ids["cache"]
  tags           = var.tags
}

module "messaging" {
  count  = var.active ? 1 : 0
  source = "../messaging"

  compartment_id       = var.compartment_id
  name                 = var.name
  streams              = var.messaging.streams
  partitions           = var.messaging.partitions
  retention_hours      = var.messaging.retention_hours
  queues               = var.messaging.queues
  queue_retention_days = var.messaging.queue_retention_days
  kms_key_id           = oci_kms_key.this.id
  subnet_id            = module.network[0].subnet_ids["data"]
  group_id             = module.network[0].group_ids["streaming"]
  tags                 = var.tags
}
