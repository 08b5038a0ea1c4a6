variable "environment" {
  description = "Which section of topology.yaml this is."
  type        = string

  validation {
    condition     = contains(keys(yamldecode(file("${path.module}/../../../../topology.yaml")).environments), var.environment)
    error_message = "Write an environment of topology.yaml: production, staging or development."
  }
}

variable "tenancy_id" {
  description = "OCID of the tenancy."
  type        = string

  validation {
    condition     = startswith(var.tenancy_id, "ocid1.tenancy.")
    error_message = "Write the tenancy's OCID; it begins with ocid1.tenancy. and stands in the console under your profile."
  }
}

variable "parent_compartment_id" {
  description = "Compartment under which the environment's own is made. Null: the tenancy itself."
  type        = string
  default     = null

  validation {
    condition     = var.parent_compartment_id == null || can(regex("^ocid1\\.(compartment|tenancy)\\.", var.parent_compartment_id))
    error_message = "Write a compartment's OCID (ocid1.compartment...), or leave it out."
  }
}

variable "region" {
  description = "Region key."
  type        = string

  validation {
    condition     = can(regex("^[a-z]{2,3}-[a-z]+-[0-9]+$", var.region))
    error_message = "Write the region's key in small letters, such as \"ap-hyderabad-1\" for India South (Hyderabad)."
  }
}

variable "home_region" {
  description = "The tenancy's home region key."
  type        = string

  validation {
    condition     = can(regex("^[a-z]{2,3}-[a-z]+-[0-9]+$", var.home_region))
    error_message = "Write the home region's key, such as \"ap-mumbai-1\"; `oci iam region-subscription list` names it."
  }
}

variable "recovery_region" {
  description = "Where backups and secrets are copied to. Null: no copies, and no recovery from the loss of the region."
  type        = string
  default     = null

  validation {
    condition     = var.recovery_region == null || can(regex("^[a-z]{2,3}-[a-z]+-[0-9]+$", var.recovery_region))
    error_message = "Write a region's key, such as \"ap-mumbai-1\", or leave it out."
  }

  validation {
    condition     = var.recovery_region != var.region
    error_message = "Write another region than the environment's own: a copy beside the original is lost with it."
  }
}

variable "kubernetes_version" {
  description = "Version of the cluster and its nodes."
  type        = string
  default     = "v1.34.1"
}

variable "operator_cidrs" {
  description = "Ranges from which operators reach the cluster's API through the bastion."
  type        = list(string)
  default     = []
}

variable "alert_emails" {
  description = "Who is told of alarms and of costs."
  type        = set(string)
}

variable "budget" {
  description = "Money per month, in the tenancy's currency."
  type        = number
}

variable "reports_from" {
  description = "First day of the reports of usage, such as 2027-01-01T00:00:00Z."
  type        = string
}
