variable "environment" {
  description = "Which section of topology.yaml this is."
  type        = string
}

variable "region" {
  description = "Region of all that is named here."
  type        = string
}

variable "compartment_id" {
  description = "OCID of the environment's compartment."
  type        = string
}

variable "vault_id" {
  description = "OCID of the vault that the secrets, or their copies, are in."
  type        = string
}

variable "tenancy_name" {
  description = "First part of a Kafka client's user name."
  type        = string
}

variable "registry_namespace" {
  description = "The tenancy's namespace, the same in every region."
  type        = string
}

variable "network" {
  description = "Outputs of the module network."
  type = object({
    subnet_cidrs = map(string)
    subnet_ids   = map(string)
    group_ids    = map(string)
    ingress_ip   = string
  })
}

variable "databases" {
  description = "By service: the system, the name of its primary, those of all nodes if it has replicas, and the authority of its certificate."
  type = map(object({
    id             = string
    host           = string
    nodes          = list(string)
    ca_certificate = string
  }))
}

variable "maximum_ocpus" {
  description = "The smaller of the environment's cap and of what the shape offers."
  type        = number
}

variable "redis_url" {
  description = "Output of the module cache."
  type        = string
}

variable "messaging" {
  description = "Outputs of the module messaging."
  type = object({
    stream_pool_id    = string
    bootstrap_servers = string
    queues            = map(object({ url = string }))
  })
}
