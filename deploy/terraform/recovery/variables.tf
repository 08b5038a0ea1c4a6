variable "tenancy_id" {
  description = "OCID of the tenancy."
  type        = string

  validation {
    condition     = startswith(var.tenancy_id, "ocid1.tenancy.")
    error_message = "Write the tenancy's OCID; it begins with ocid1.tenancy. and stands in the console under your profile."
  }
}

variable "home_region" {
  description = "The tenancy's home region key."
  type        = string
}

variable "region" {
  description = "The recovery region's key: where the environment's copies are."
  type        = string
  default     = "ap-mumbai-1"

  validation {
    condition     = can(regex("^[a-z]{2,3}-[a-z]+-[0-9]+$", var.region))
    error_message = "Write the region's key in small letters, such as \"ap-mumbai-1\"."
  }
}

variable "state" {
  description = "Where the environment's state is: what its backend.hcl says. The keys for it are in the environment, as for the backend."
  type = object({
    bucket   = string
    key      = string
    region   = string
    endpoint = string
  })

  validation {
    condition     = endswith(var.state.key, ".tfstate") && startswith(var.state.endpoint, "https://")
    error_message = "Write the key and the address of the environment's backend.hcl, such as \"production/terraform.tfstate\" and \"https://NAMESPACE.compat.objectstorage.ap-mumbai-1.oraclecloud.com\"."
  }
}

variable "disaster" {
  description = "The environment's region is lost: promote the standbys, and make the cluster, the cache and the streams here. See the runbook."
  type        = bool
  default     = false
}

variable "kubernetes_version" {
  description = "Version of the cluster that is made in the disaster."
  type        = string
  default     = "v1.34.1"
}

variable "operator_cidrs" {
  description = "Ranges from which operators reach that cluster's API through its bastion."
  type        = list(string)
  default     = []
}
