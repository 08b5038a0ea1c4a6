module "disaster_recovery" {
  count     = var.recovery_region == null ? 0 : 1
  source    = "../disaster_recovery"
  providers = { oci = oci.recovery }

  tenancy_id         = var.tenancy_id
  compartment_id     = oci_identity_compartment.this.id
  name               = "${local.name}-recovery"
  region             = var.recovery_region
  services           = local.services
  active             = var.disaster
  kubernetes_version = var.kubernetes_version
  nodes              = { minimum = local.numbers.nodes[0], maximum = local.numbers.nodes[1] }
  operator_cidrs     = var.operator_cidrs
  messaging          = local.messaging
  tags               = local.tags["recovery"]

  standby = var.standby ? {
    cidr               = local.numbers.cidr
    ocpus              = local.numbers.database.ocpus[0]
    postgresql_version = module.database.postgresql_version
    shape              = module.database.shape
    primaries          = module.database.ids
  } : null
}

# The pods of the recovery region's cluster are other principals, with other streams and queues; secrets keep their names.
module "iam_recovery" {
  count     = var.disaster ? 1 : 0
  source    = "../iam"
  providers = { oci = oci.home }

  tenancy_id      = var.tenancy_id
  compartment_id  = oci_identity_compartment.this.id
  name            = "${local.name}-recovery"
  region          = var.recovery_region
  cluster_id      = module.disaster_recovery[0].cluster_id
  namespace       = local.namespace
  secret_prefix   = local.prefix
  services        = local.rights
  stream_ids      = module.disaster_recovery[0].stream_ids
  queue_ids       = { for queue, facts in module.disaster_recovery[0].queues : queue => facts.id }
  kms_key_id      = module.disaster_recovery[0].vault.key_id
  flow_log_bucket = "${local.name}-recovery-flow-logs"
  contact         = sort(var.alert_emails)[0]
  tags            = local.tags["access"]
}
