variable "compartment_id" {
  description = "OCID of the environment's compartment."
  type        = string
}

variable "name" {
  description = "Prefix of every display name, such as ecommerce-production."
  type        = string
}

variable "services" {
  description = "The services that have a database: one system each."
  type        = set(string)
}

variable "ocpus" {
  description = "OCPUs of each instance at the start, and the most that auto-scaling may give it."
  type        = object({ initial = number, maximum = number })

  validation {
    condition     = var.ocpus.initial >= 2 && var.ocpus.initial <= var.ocpus.maximum && var.ocpus.maximum <= 128
    error_message = "Write at least 2 OCPUs, a maximum no smaller than that, and no more than 128."
  }
}

variable "replicas" {
  description = "Read replicas of each primary."
  type        = number

  validation {
    condition     = var.replicas >= 0 && var.replicas <= 5 && floor(var.replicas) == var.replicas
    error_message = "Write a whole number of replicas from 0 to 5."
  }
}

variable "backup_days" {
  description = "How long daily backups are kept, and how far back a point in time may lie."
  type        = number

  validation {
    condition     = var.backup_days >= 1 && var.backup_days <= 35
    error_message = "Write a number of days from 1 to 35."
  }
}

variable "copy_region" {
  description = "Region that backups are copied to. Null: none."
  type        = string
  default     = null
}

variable "availability_domains" {
  description = "Names of the region's availability domains."
  type        = list(string)

  validation {
    condition     = length(var.availability_domains) > 0
    error_message = "Write the names of the region's availability domains; they come from oci_identity_availability_domains."
  }
}

variable "subnet_id" {
  description = "OCID of the private subnet."
  type        = string
}

variable "group_id" {
  description = "OCID of the network security group that lets the pods in."
  type        = string
}

variable "administrator_secret_ids" {
  description = "By service: OCID of the vault's secret with the administrator's password."
  type        = map(string)
}

variable "shape" {
  description = "A flexible shape of OCI Database with PostgreSQL."
  type        = string
  default     = "PostgreSQL.VM.Standard.E5.Flex"
}

variable "postgresql_version" {
  description = "Major version."
  type        = string
  default     = "16"

  validation {
    condition     = can(regex("^[0-9]{2}$", var.postgresql_version))
    error_message = "Write the major version alone, such as \"16\"."
  }
}

variable "tags" {
  description = "Tags of every resource here: free-form ones to search by, defined ones that cost reports group by."
  type = object({
    freeform = map(string)
    defined  = map(string)
  })
}
