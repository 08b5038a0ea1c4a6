variable "compartment_id" {
  description = "OCID of the environment's compartment."
  type        = string
}

variable "name" {
  description = "Prefix of every display name, such as ecommerce-production."
  type        = string
}

variable "services" {
  description = "Every service has an image, and so a repository."
  type        = set(string)
}

variable "tags" {
  description = "Tags of every resource here: free-form ones to search by, defined ones that cost reports group by."
  type = object({
    freeform = map(string)
    defined  = map(string)
  })
}
