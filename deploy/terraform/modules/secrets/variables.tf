variable "compartment_id" {
  description = "OCID of the environment's compartment."
  type        = string
}

variable "name" {
  description = "Prefix of every display name, such as ecommerce-production."
  type        = string
}

variable "prefix" {
  description = "What a secret's name begins with, such as ecommerce.production: policies match on it."
  type        = string

  validation {
    condition     = can(regex("^[A-Za-z0-9._-]+$", var.prefix))
    error_message = "Write letters, digits, '-', '_' and '.' only, such as \"ecommerce.production\": a secret's name takes no slash."
  }
}

variable "services" {
  description = "Every service: each has a signing key of its own."
  type        = set(string)
}

variable "database_services" {
  description = "The services that have a database."
  type        = set(string)
}

variable "sandbox_services" {
  description = "The services that play their own provider here, and sign for it."
  type        = set(string)
  default     = []
}

variable "replica" {
  description = "Region, vault and key that every secret is copied to. Null: no copy."
  type        = object({ region = string, vault_id = string, key_id = string })
  default     = null
}

variable "tags" {
  description = "Tags of every resource here: free-form ones to search by, defined ones that cost reports group by."
  type = object({
    freeform = map(string)
    defined  = map(string)
  })
}
