variable "compartment_id" {
  description = "OCID of the environment's compartment."
  type        = string
}

variable "name" {
  description = "Prefix of every display name, such as ecommerce-production."
  type        = string
}

variable "streams" {
  description = "Names of the streams."
  type        = set(string)
}

variable "partitions" {
  description = "Partitions of each stream. Cannot be changed once the stream exists."
  type        = number

  validation {
    condition     = var.partitions >= 1 && floor(var.partitions) == var.partitions
    error_message = "Write a whole number of partitions, at least 1."
  }
}

variable "retention_hours" {
  description = "How long a stream keeps an event. Cannot be changed once the stream exists."
  type        = number

  validation {
    condition     = var.retention_hours >= 24 && var.retention_hours <= 168
    error_message = "Write from 24 to 168 hours: OCI keeps a stream's messages from one day to seven."
  }
}

variable "queues" {
  description = "By name: seconds that a message in work is hidden."
  type        = map(object({ visibility = number }))

  validation {
    condition     = alltrue([for queue in values(var.queues) : queue.visibility >= 1 && queue.visibility <= 43200])
    error_message = "Write a visibility from 1 to 43200 seconds (twelve hours)."
  }
}

variable "queue_retention_days" {
  description = "How long a queue keeps a message, a dead letter too."
  type        = number

  validation {
    condition     = var.queue_retention_days >= 1 && var.queue_retention_days <= 7
    error_message = "Write from 1 to 7 days: OCI Queue keeps nothing longer."
  }
}

variable "kms_key_id" {
  description = "OCID of the key that encrypts messages at rest."
  type        = string
}

variable "subnet_id" {
  description = "OCID of the private subnet: streams have no public endpoint."
  type        = string
}

variable "group_id" {
  description = "OCID of the network security group that lets the pods in."
  type        = string
}

variable "tags" {
  description = "Tags of every resource here: free-form ones to search by, defined ones that cost reports group by."
  type = object({
    freeform = map(string)
    defined  = map(string)
  })
}
