terraform {
  required_version = ">= 1.9"

  required_providers {
    oci = {
      source  = "oracle/oci"
      version = "~> 8.28"
    }
  }

  # Object Storage speaks S3. Address, bucket and keys: backend.hcl, see the README.
  backend "s3" {}
}

# The tenancy adds these to everything by itself; without this every plan would want to take them away.
locals {
  foreign_tags = ["Oracle-Tags.CreatedBy", "Oracle-Tags.CreatedOn"]
}

provider "oci" {
  region              = var.region
  ignore_defined_tags = local.foreign_tags
}

provider "oci" {
  alias               = "home"
  region              = var.home_region
  ignore_defined_tags = local.foreign_tags
}

provider "oci" {
  alias               = "recovery"
  region              = coalesce(var.recovery_region, var.region)
  ignore_defined_tags = local.foreign_tags
}

module "environment" {
  source = "../../modules/environment"

  providers = {
    oci          = oci
    oci.home     = oci.home
    oci.recovery = oci.recovery
  }

  environment           = "production"
  tenancy_id            = var.tenancy_id
  parent_compartment_id = var.parent_compartment_id
  region                = var.region
  home_region           = var.home_region
  recovery_region       = var.recovery_region
  kubernetes_version    = var.kubernetes_version
  operator_cidrs        = var.operator_cidrs
  alert_emails          = var.alert_emails
  budget                = var.budget
  reports_from          = var.reports_from
}
