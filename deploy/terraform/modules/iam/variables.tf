variable "tenancy_id" {
  description = "OCID of the tenancy: users, groups and dynamic groups can stand nowhere else."
  type        = string
}

variable "compartment_id" {
  description = "OCID of the environment's compartment. Every policy stands in it, and so none can reach beyond it."
  type        = string

  validation {
    condition     = startswith(var.compartment_id, "ocid1.compartment.")
    error_message = "Write the OCID of a compartment (ocid1.compartment...), never the tenancy's: policies there would reach every environment."
  }
}

variable "name" {
  description = "Prefix of every name, such as ecommerce-production."
  type        = string
}

variable "region" {
  description = "Region of the environment: some of the cloud's own services have it in their name."
  type        = string
}

variable "cluster_id" {
  description = "OCID of the cluster. A pod of another cluster is another principal."
  type        = string
}

variable "namespace" {
  description = "Kubernetes namespace of the services."
  type        = string
}

variable "secret_prefix" {
  description = "What the names of this environment's secrets begin with."
  type        = string
}

variable "services" {
  description = "By service: the streams it publishes to and consumes from, and the queues it owns."
  type = map(object({
    publishes = set(string)
    consumes  = set(string)
    queues    = set(string)
  }))
}

variable "stream_ids" {
  description = "OCID of each stream."
  type        = map(string)
}

variable "queue_ids" {
  description = "OCID of each queue."
  type        = map(string)
}

variable "kafka_groups" {
  description = "By service: the group of its Kafka user, made for another region of the environment. Null: users and groups are made here, as is who pulls images."
  type        = map(string)
  default     = null
}

variable "flow_log_bucket" {
  description = "Name of the bucket that the flow logs go to."
  type        = string
}

variable "contact" {
  description = "E-mail address of the streaming users: a tenancy with identity domains wants one."
  type        = string

  validation {
    condition     = can(regex("^[^@\\s]+@[^@\\s]+\\.[^@\\s]+$", var.contact))
    error_message = "Write an e-mail address, such as \"oncall@example.com\"."
  }
}

variable "tags" {
  description = "Tags of every resource here: free-form ones to search by, defined ones that cost reports group by."
  type = object({
    freeform = map(string)
    defined  = map(string)
  })
}
