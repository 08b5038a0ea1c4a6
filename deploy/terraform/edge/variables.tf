variable "environment" {
  description = "Whose load balancer it is."
  type        = string

  validation {
    condition     = contains(keys(yamldecode(file("${path.module}/../../../topology.yaml")).environments), var.environment)
    error_message = "Write an environment of topology.yaml: production, staging or development."
  }
}

variable "compartment_id" {
  description = "OCID of the environment's compartment: `kubernetes.compartment_id` of its outputs."
  type        = string

  validation {
    condition     = startswith(var.compartment_id, "ocid1.compartment.")
    error_message = "Write the compartment's OCID; it begins with ocid1.compartment. and stands in the environment's outputs."
  }
}

variable "region" {
  description = "Region key."
  type        = string
  default     = "ap-hyderabad-1"

  validation {
    condition     = can(regex("^[a-z]{2,3}-[a-z]+-[0-9]+$", var.region))
    error_message = "Write the region's key in small letters, such as \"ap-hyderabad-1\"."
  }
}

variable "allowed_cidrs" {
  description = "Who may come at all; nobody named: everybody. Staging and development want the office's ranges here."
  type        = set(string)
  default     = []
}
