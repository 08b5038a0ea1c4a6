variable "tenancy_id" {
  description = "OCID of the tenancy."
  type        = string
}

variable "compartment_id" {
  description = "OCID of the environment's compartment: compartments span regions."
  type        = string
}

variable "name" {
  description = "Prefix of every display name, such as ecommerce-production-recovery."
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

variable "standby" {
  description = "Null: copies of secrets and backups alone. Otherwise: a network, and a standby of every database in it."
  type = object({
    cidr               = string
    ocpus              = number
    postgresql_version = string
    shape              = string
    primaries          = map(string)
  })
  default = null
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

variable "active" {
  description = "The disaster has happened: promote the standbys, and make the cluster, the cache and the streams here."
  type        = bool
  default     = false

  validation {
    condition     = !var.active || var.standby != null
    error_message = "Write standby = true as well: without standbys there is nothing to promote. Restore from the copied backups instead."
  }
}

variable "kubernetes_version" {
  description = "Version of the cluster that is made when active."
  type        = string
}

variable "nodes" {
  description = "Fewest and most nodes when active."
  type        = object({ minimum = number, maximum = number })
}

variable "operator_cidrs" {
  description = "Ranges from which operators reach the cluster's API when active."
  type        = list(string)
}

variable "messaging" {
  description = "The streams and queues that are made when active."
  type = object({
    streams              = set(string)
    partitions           = number
    retention_hours      = number
    queues               = map(object({ visibility = number }))
    queue_retention_days = number
  })
}

variable "tags" {
  description = "Tags of every resource here: free-form ones to search by, defined ones that cost reports group by."
  type = object({
    freeform = map(string)
    defined  = map(string)
  })
}
