# Copies only. What takes over, and what makes a cluster there, is a root of its own (`../../recovery`): this one asks the region that is lost.
module "copies" {
  count     = var.recovery_region == null ? 0 : 1
  source    = "../copies"
  providers = { oci = oci.recovery }

  compartment_id = oci_identity_compartment.this.id
  name           = local.name
  region         = var.recovery_region
  services       = local.services
  tags           = local.tags["recovery"]
}

# That root reads it from this one's state, as of the last apply.
output "recovery" {
  description = "What the root `recovery` has to know of this environment. Null without a recovery region."
  value = var.recovery_region == null ? null : {
    environment        = var.environment
    name               = local.name
    region             = var.recovery_region
    compartment_id     = oci_identity_compartment.this.id
    tenancy_name       = data.oci_identity_tenancy.this.name
    registry_namespace = data.oci_objectstorage_namespace.this.namespace
    namespace          = local.namespace
    secret_prefix      = local.prefix
    contact            = sort(var.alert_emails)[0]
    kafka_groups       = module.iam.kafka_groups
    vault              = module.copies[0].vault
    nodes              = { minimum = local.numbers.nodes[0], maximum = local.numbers.nodes[1] }
    rights             = local.rights
    messaging          = local.messaging
    tags               = local.tags["recovery"]

    database = {
      cidr               = local.numbers.cidr
      ocpus              = local.numbers.database.ocpus[0]
      maximum_ocpus      = module.database.maximum_ocpus
      postgresql_version = module.database.postgresql_version
      shape              = module.database.shape
      primaries          = module.database.ids
    }
  }
}
