variable "tenancy_id" {
  description = "OCID of the tenancy."
  type        = string
}

variable "environment" {
  description = "What the environment's own root says of itself in its output `recovery`: the lost region is asked for nothing."
  type = object({
    environment        = string
    name               = string
    region             = string
    compartment_id     = string
    tenancy_name       = string
    registry_namespace = string
    namespace          = string
    secret_prefix      = string
    contact            = string
    kafka_groups       = map(string)
    vault              = object({ vault_id = string, key_id = string })
    nodes              = object({ minimum = number, maximum = number })

    database = object({
      cidr               = string
      ocpus              = number
      maximum_ocpus      = number
      postgresql_version = string
      shape              = string
      primaries          = map(string)
    })

    rights = map(object({
      publishes = set(string)
      consumes  = set(string)
      queues    = set(string)
    }))

    messaging = object({
      streams              = set(string)
      partitions           = number
      retention_hours      = number
      queues               = map(object({ visibility = number }))
      queue_retention_days = number
    })

    tags = object({
      freeform = map(string)
      defined  = map(string)
    })
  })
}

variable "rpo_seconds" {
  description = "By how much a standby may be behind before the service counts it as late."
  type        = number
  default     = 300

  validation {
    condition     = var.rpo_seconds >= 60 && var.rpo_seconds < 900
    error_message = "Write from 60 to 899 seconds: the design promises that less than 15 minutes are lost."
  }
}

variable "spread_seconds" {
  description = "How long a new policy is given until it is known everywhere."
  type        = number
  default     = 90
}

variable "disaster" {
  description = "The region is lost: promote the standbys, and make the cluster, the cache and the streams here."
  type        = bool
  default     = false
}

variable "kubernetes_version" {
  description = "Version of the cluster that is made in the disaster."
  type        = string
}

variable "operator_cidrs" {
  description = "Ranges from which operators reach the cluster's API then."
  type        = list(string)
}
