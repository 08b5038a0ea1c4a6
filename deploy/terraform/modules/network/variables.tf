variable "compartment_id" {
  description = "OCID of the environment's compartment."
  type        = string
}

variable "name" {
  description = "Prefix of every display name, such as ecommerce-production."
  type        = string
}

variable "cidr" {
  description = "The VCN's range. Subnets are cut from it at fixed places, so it has to be a /16."
  type        = string

  validation {
    condition     = can(cidrhost(var.cidr, 0)) && endswith(var.cidr, "/16")
    error_message = "Write a /16 in CIDR notation, such as \"10.0.0.0/16\"."
  }

  validation {
    condition     = can(regex("^(10\\.|172\\.(1[6-9]|2[0-9]|3[01])\\.|192\\.168\\.)", var.cidr))
    error_message = "Write a private range (RFC 1918), such as \"10.0.0.0/16\"; a public one would shadow other people's addresses."
  }
}

variable "tags" {
  description = "Tags of every resource here: free-form ones to search by, defined ones that cost reports group by."
  type = object({
    freeform = map(string)
    defined  = map(string)
  })
}
