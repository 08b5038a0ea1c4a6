variable "compartment_id" {
  description = "OCID of the environment's compartment."
  type        = string
}

variable "name" {
  description = "Prefix of every display name, such as ecommerce-production."
  type        = string
}

variable "load_balancer_tags" {
  description = "Free-form tags of the load balancer that the cluster made."
  type        = map(string)

  validation {
    condition     = contains(keys(var.load_balancer_tags), "role")
    error_message = "Write at least the tag role, such as { role = \"ingress\" }: otherwise any load balancer would match."
  }
}

variable "allowed_cidrs" {
  description = "Who may come at all. Empty: everybody, as a shop that is open wants it."
  type        = set(string)
  default     = []

  validation {
    condition     = alltrue([for cidr in var.allowed_cidrs : can(cidrhost(cidr, 0))])
    error_message = "Write ranges in CIDR notation, such as [\"203.0.113.0/24\"], or nothing to let everybody in."
  }
}

variable "rate_limit" {
  description = "Requests of one address in a period, and for how long an address that asks for more is refused, in seconds."
  type        = object({ requests = number, period = number, penalty = number })
  default     = { requests = 2000, period = 300, penalty = 300 }

  validation {
    condition     = var.rate_limit.requests >= 1 && var.rate_limit.period >= 1
    error_message = "Write at least one request and a period of at least one second."
  }
}

variable "tags" {
  description = "Tags of every resource here."
  type = object({
    freeform = map(string)
    defined  = map(string)
  })
}
