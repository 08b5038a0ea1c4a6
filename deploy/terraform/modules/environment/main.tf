resource "oci_identity_compartment" "this" {
  provider = oci.home

  compartment_id = coalesce(var.parent_compartment_id, var.tenancy_id)
  name           = local.name
  description    = "Everything of ${local.name}, and nothing of any other environment"
  enable_delete  = false
  freeform_tags  = local.free_tags

  lifecycle {
    prevent_destroy = true
  }
}

data "oci_identity_availability_domains" "this" {
  compartment_id = var.tenancy_id
}

locals {
  availability_domains = sort(data.oci_identity_availability_domains.this.availability_domains[*].name)
}

data "oci_identity_fault_domains" "this" {
  for_each = toset(local.availability_domains)

  compartment_id      = var.tenancy_id
  availability_domain = each.key
}

module "cost" {
  source    = "../cost"
  providers = { oci = oci.home }

  tenancy_id     = var.tenancy_id
  compartment_id = oci_identity_compartment.this.id
  name           = local.name
  environment    = var.environment
  home_region    = var.home_region
  budget         = var.budget
  emails         = var.alert_emails
  reports_from   = var.reports_from
  freeform_tags  = merge(local.free_tags, { component = "cost" })
}

module "network" {
  source = "../network"

  compartment_id = oci_identity_compartment.this.id
  name           = local.name
  cidr           = local.numbers.cidr
  tags           = local.tags["network"]
}

module "secrets" {
  source = "../secrets"

  compartment_id    = oci_identity_compartment.this.id
  name              = local.name
  prefix            = local.prefix
  services          = local.services
  database_services = local.database_services
  sandbox_services  = local.sandbox_services
  replica           = one(module.copies[*].vault)
  tags              = local.tags["secrets"]
}

module "grants" {
  source    = "../grants"
  providers = { oci = oci.home }

  tenancy_id               = var.tenancy_id
  compartment_id           = oci_identity_compartment.this.id
  name                     = local.name
  region                   = var.region
  key_id                   = module.secrets.key_id
  administrator_prefix     = "${local.prefix}.database-setup"
  administrator_secret_ids = module.secrets.administrator_secret_ids
  tags                     = local.tags["access"]
}

module "oke" {
  source = "../oke"

  compartment_id     = oci_identity_compartment.this.id
  name               = local.name
  kubernetes_version = var.kubernetes_version
  nodes              = { minimum = local.numbers.nodes[0], maximum = local.numbers.nodes[1] }
  fault_domains      = { for domain, found in data.oci_identity_fault_domains.this : domain => sort(found.fault_domains[*].name) }
  kms_key_id         = module.grants.key_id
  operator_cidrs     = var.operator_cidrs
  tags               = local.tags["cluster"]

  network = {
    vcn_id     = module.network.vcn_id
    subnet_ids = module.network.subnet_ids
    group_ids  = module.network.group_ids
  }
}

module "database" {
  source = "../database"

  compartment_id           = oci_identity_compartment.this.id
  name                     = local.name
  services                 = local.database_services
  ocpus                    = { initial = local.numbers.database.ocpus[0], maximum = local.numbers.database.ocpus[1] }
  replicas                 = local.numbers.database.replicas[0]
  backup_days              = local.numbers.database.backup_days
  copy_region              = var.recovery_region
  availability_domains     = local.availability_domains
  subnet_id                = module.network.subnet_ids["data"]
  group_id                 = module.network.group_ids["database"]
  administrator_secret_ids = module.grants.administrator_secret_ids
  tags                     = local.tags["database"]
}

module "cache" {
  source = "../cache"

  compartment_id = oci_identity_compartment.this.id
  name           = local.name
  subnet_id      = module.network.subnet_ids["data"]
  group_id       = module.network.group_ids["cache"]
  tags           = local.tags["cache"]
}

module "messaging" {
  source = "../messaging"

  compartment_id       = oci_identity_compartment.this.id
  name                 = local.name
  streams              = local.messaging.streams
  partitions           = local.messaging.partitions
  retention_hours      = local.messaging.retention_hours
  queues               = local.messaging.queues
  queue_retention_days = local.messaging.queue_retention_days
  kms_key_id           = module.grants.key_id
  subnet_id            = module.network.subnet_ids["data"]
  group_id             = module.network.group_ids["streaming"]
  tags                 = local.tags["messaging"]
}

module "registry" {
  source = "../registry"

  compartment_id = oci_identity_compartment.this.id
  name           = local.name
  services       = local.services
  tags           = local.tags["registry"]
}

module "iam" {
  source    = "../iam"
  providers = { oci = oci.home }

  tenancy_id      = var.tenancy_id
  compartment_id  = oci_identity_compartment.this.id
  name            = local.name
  region          = var.region
  cluster_id      = module.oke.cluster_id
  namespace       = local.namespace
  secret_prefix   = local.prefix
  services        = local.rights
  stream_ids      = module.messaging.stream_ids
  queue_ids       = { for queue, facts in module.messaging.queues : queue => facts.id }
  flow_log_bucket = "${local.name}-flow-logs"
  contact         = sort(var.alert_emails)[0]
  tags            = local.tags["access"]
}

module "observability" {
  source = "../observability"

  compartment_id = oci_identity_compartment.this.id
  name           = local.name
  namespace      = local.namespace
  services       = local.services
  emails         = var.alert_emails
  thresholds     = local.numbers.alarms
  storage_tib    = local.numbers.database.storage_tib
  log_days       = local.numbers.log_days
  vcn_id         = module.network.vcn_id
  cluster_id     = module.oke.cluster_id
  node_group_id  = module.iam.node_group_id
  kms_key_id     = module.grants.key_id
  tags           = local.tags["observability"]
}
