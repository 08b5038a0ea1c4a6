# A root of its own, of the recovery region alone: when the environment's region is lost, its root can be neither planned nor applied, since every
# data source in it asks that region. What has to be known of the environment stands in its state, whose bucket is here. One state for
# each environment.
terraform {
  required_version = ">= 1.9"

  required_providers {
    oci = {
      source  = "oracle/oci"
      version = "~> 8.28"
    }
  }

  # As in the environments, with a key of its own.
  backend "s3" {}
}

data "terraform_remote_state" "environment" {
  backend = "s3"

  config = {
    bucket                      = var.state.bucket
    key                         = var.state.key
    region                      = var.state.region
    endpoints                   = { s3 = var.state.endpoint }
    use_path_style              = true
    skip_region_validation      = true
    skip_credentials_validation = true
    skip_metadata_api_check     = true
    skip_requesting_account_id  = true
    skip_s3_checksum            = true
  }
}

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

module "disaster_recovery" {
  source    = "../modules/disaster_recovery"
  providers = { oci = oci, oci.home = oci.home }

  tenancy_id         = var.tenancy_id
  environment        = data.terraform_remote_state.environment.outputs.recovery
  disaster           = var.disaster
  kubernetes_version = var.kubernetes_version
  operator_cidrs     = var.operator_cidrs
}

check "region" {
  assert {
    condition     = data.terraform_remote_state.environment.outputs.recovery.region == var.region
    error_message = "The environment's copies are in ${data.terraform_remote_state.environment.outputs.recovery.region}, and this root works in ${var.region}."
  }
}
