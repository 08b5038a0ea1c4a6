# A root of its own: the load balancer is made by the cluster, after the environment's root and the Gateway. One state for
# each environment.
terraform {
  required_version = ">= 1.9"

  required_providers {
    oci = {
      source  = "oracle/oci"
      version = "~> 8.28"
    }
  }

  # As in the environments; give each environment's edge a key of its own.
  backend "s3" {}
}

provider "oci" {
  region              = var.region
  ignore_defined_tags = ["Oracle-Tags.CreatedBy", "Oracle-Tags.CreatedOn"]
}

locals {
  name = "ecommerce-${var.environment}"
}

module "edge" {
  source = "../modules/edge"

  compartment_id     = var.compartment_id
  name               = local.name
  load_balancer_tags = { role = "ingress", environment = var.environment }
  allowed_cidrs      = var.allowed_cidrs

  tags = {
    freeform = {
      product     = yamldecode(file("${path.module}/../../../topology.yaml")).product
      environment = var.environment
      managed-by  = "terraform"
      component   = "edge"
    }
    defined = {
      "${local.name}.environment" = var.environment
      "${local.name}.component"   = "edge"
    }
  }
}

output "firewall_id" {
  value = module.edge.firewall_id
}

output "load_balancer_id" {
  value = module.edge.load_balancer_id
}
