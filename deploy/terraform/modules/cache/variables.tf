variable "compartment_id" {
  description = "OCID of the environment's compartment."
  type        = string
}

variable "name" {
  description = "Prefix of every display name, such as ecommerce-production."
  type        = string
}

variable "subnet_id" {
  description = "OCID of the private subnet."
  type        = string
}

variable "group_id" {
  description = "OCID of the network security group that lets the pods in."
  type        = string
}

variable "nodes" {
  description = "One primary and its replicas."
  type        = number
  default     = 3

  validation {
    condition     = var.nodes >= 1 && var.nodes <= 5
    error_message = "Write from 1 to 5 nodes."
  }
}

variable "memory" {
  description = "Gibibytes of each node."
  type        = number
  default     = 24

  validation {
    condition     = var.memory >= 2 && var.memory <= 500
    error_message = "Write from 2 to 500 gibibytes."
  }
}

variable "tags" {
  description = "Tags of every resource here: free-form ones to search by, defined ones that cost reports group by."
  type = object({
    freeform = map(string)
    defined  = map(string)
  })
}
