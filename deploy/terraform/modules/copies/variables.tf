variable "compartment_id" {
  description = "OCID of the environment's compartment: compartments span regions."
  type        = string
}

variable "name" {
  description = "Prefix of every display name, such as ecommerce-production."
  type        = string
}

variable "region" {
  description = "The recovery region's key, which is also the provider's."
  type        = string
}

variable "services" {
  description = "Every service: its image is needed here too."
  type        = set(string)
}

variable "tags" {
  description = "Tags of every resource here: free-form ones to search by, defined ones that cost reports group by."
  type = object({
    freeform = map(string)
    defined  = map(string)
  })
}
