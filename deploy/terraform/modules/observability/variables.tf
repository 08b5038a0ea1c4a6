variable "compartment_id" {
  description = "OCID of the environment's compartment."
  type        = string
}

variable "name" {
  description = "Prefix of every display name, such as ecommerce-production."
  type        = string
}

variable "namespace" {
  description = "Kubernetes namespace of the services: part of their log files' names."
  type        = string
}

variable "services" {
  description = "Every service has a log."
  type        = set(string)
}

variable "emails" {
  description = "Who is told of an alarm."
  type        = set(string)

  validation {
    condition     = length(var.emails) > 0 && alltrue([for email in var.emails : can(regex("^[^@\\s]+@[^@\\s]+\\.[^@\\s]+$", email))])
    error_message = "Write at least one e-mail address, such as [\"oncall@example.com\"]: an alarm that nobody hears is none."
  }
}

variable "thresholds" {
  description = "Per cent, but for load_balancer_5xx (answers in five minutes) and replica_lag (seconds)."
  type = object({
    database_cpu      = number
    database_storage  = number
    redis_memory      = number
    load_balancer_5xx = number
    node_cpu          = number
    replica_lag       = number
  })

  validation {
    condition = alltrue([
      for percent in [var.thresholds.database_cpu, var.thresholds.database_storage, var.thresholds.redis_memory, var.thresholds.node_cpu] :
      percent > 0 && percent < 100
    ])
    error_message = "Write each utilisation in per cent, above 0 and below 100: at 100 the alarm could never sound."
  }
}

variable "storage_tib" {
  description = "Tebibytes planned for each database. Storage grows by itself, so this is only what the alarm measures against."
  type        = number

  validation {
    condition     = var.storage_tib > 0
    error_message = "Write the planned size in tebibytes, such as 2."
  }
}

variable "log_days" {
  description = "How long logs should be kept."
  type        = number

  validation {
    condition     = contains([30, 60, 90, 120, 150, 180], var.log_days)
    error_message = "Write 30, 60, 90, 120, 150 or 180 days: OCI Logging knows no other times."
  }
}

variable "flow_log_days" {
  description = "How long flow logs stay in Object Storage."
  type        = number
  default     = 90

  validation {
    condition     = var.flow_log_days >= 1
    error_message = "Write a number of days, at least 1."
  }
}

variable "vcn_id" {
  description = "OCID of the VCN whose traffic is logged."
  type        = string
}

variable "cluster_id" {
  description = "OCID of the cluster whose control plane is logged."
  type        = string
}

variable "node_group_id" {
  description = "OCID of the nodes' dynamic group: the logging agent runs there."
  type        = string
}

variable "kms_key_id" {
  description = "OCID of the key that encrypts the bucket."
  type        = string
}

variable "tags" {
  description = "Tags of every resource here: free-form ones to search by, defined ones that cost reports group by."
  type = object({
    freeform = map(string)
    defined  = map(string)
  })
}
