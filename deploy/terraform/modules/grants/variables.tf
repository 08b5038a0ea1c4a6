variable "tenancy_id" {
  description = "OCID of the tenancy: dynamic groups can stand nowhere else."
  type        = string
}

variable "compartment_id" {
  description = "OCID of the environment's compartment."
  type        = string
}

variable "name" {
  description = "Prefix of every name, such as ecommerce-production."
  type        = string
}

variable "region" {
  description = "Region of the key: the object storage has it in its name."
  type        = string
}

variable "key_id" {
  description = "OCID of the key."
  type        = string
}

variable "administrator_prefix" {
  description = "What the names of the administrators' passwords begin with. Null: no database is made with one."
  type        = string
  default     = null
}

variable "administrator_secret_ids" {
  description = "By service: the secret with its database administrator's password."
  type        = map(string)
  default     = {}
}

variable "spread_seconds" {
  description = "How long a new policy is given until it is known everywhere."
  type        = number
  default     = 90

  validation {
    condition     = var.spread_seconds >= 0 && var.spread_seconds <= 600
    error_message = "Write seconds, no more than 600."
  }
}

variable "tags" {
  description = "Tags of every resource here: free-form ones to search by, defined ones that cost reports group by."
  type = object({
    freeform = map(string)
    defined  = map(string)
  })
}
