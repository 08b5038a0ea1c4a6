# What they mean and what they may be stands in modules/environment/variables.tf, which checks them.

variable "tenancy_id" {
  type = string
}

variable "home_region" {
  type = string
}

variable "alert_emails" {
  type = set(string)
}

variable "budget" {
  type = number
}

variable "reports_from" {
  type = string
}

variable "region" {
  type    = string
  default = "ap-hyderabad-1"
}

variable "recovery_region" {
  type    = string
  default = "ap-mumbai-1"
}

variable "parent_compartment_id" {
  type    = string
  default = null
}

variable "kubernetes_version" {
  type    = string
  default = "v1.34.1"
}

variable "operator_cidrs" {
  type    = list(string)
  default = []
}
