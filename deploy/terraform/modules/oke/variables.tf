variable "compartment_id" {
  description = "OCID of the environment's compartment."
  type        = string
}

variable "name" {
  description = "Prefix of every display name, such as ecommerce-production."
  type        = string
}

variable "kubernetes_version" {
  description = "Version of the control plane and of the nodes."
  type        = string

  validation {
    condition     = can(regex("^v1\\.[0-9]+\\.[0-9]+$", var.kubernetes_version))
    error_message = "Write the whole version as OKE does, with a leading v, such as \"v1.34.1\"."
  }
}

variable "nodes" {
  description = "Fewest and most nodes of the pool."
  type        = object({ minimum = number, maximum = number })

  validation {
    condition     = var.nodes.minimum >= 1 && var.nodes.minimum <= var.nodes.maximum
    error_message = "Write at least one node, and a maximum that is no smaller than the minimum."
  }
}

variable "node_shape" {
  description = "A flexible shape, its OCPUs and its memory in gibibytes."
  type        = object({ name = string, ocpus = number, memory = number })
  default     = { name = "VM.Standard.E4.Flex", ocpus = 2, memory = 32 }

  validation {
    condition     = endswith(var.node_shape.name, ".Flex")
    error_message = "Write a flexible x86 shape, such as \"VM.Standard.E4.Flex\": OCPUs and memory are set apart from it."
  }
}

variable "fault_domains" {
  description = "Names of the fault domains of each availability domain. One domain or three: the nodes spread over all there are."
  type        = map(list(string))

  validation {
    condition     = length(var.fault_domains) > 0 && alltrue([for domains in values(var.fault_domains) : length(domains) > 0])
    error_message = "Write at least one availability domain with its fault domains; they come from oci_identity_fault_domains."
  }
}

variable "network" {
  description = "Where the cluster stands: outputs of the module network."
  type = object({
    vcn_id     = string
    subnet_ids = map(string)
    group_ids  = map(string)
  })
}

variable "kms_key_id" {
  description = "OCID of the key that encrypts Kubernetes Secrets in etcd and the nodes' disks."
  type        = string
}

variable "operator_cidrs" {
  description = "Ranges from which an operator may open a bastion session; the API has no public address. None: no bastion."
  type        = list(string)

  validation {
    condition     = alltrue([for cidr in var.operator_cidrs : can(cidrhost(cidr, 0)) && tonumber(split("/", cidr)[1]) >= 8])
    error_message = "Write the operators' own ranges in CIDR notation, such as [\"203.0.113.10/32\"]; never 0.0.0.0/0."
  }
}

variable "tags" {
  description = "Tags of every resource here: free-form ones to search by, defined ones that cost reports group by."
  type = object({
    freeform = map(string)
    defined  = map(string)
  })
}
