variable "tenancy_id" {
  description = "OCID of the tenancy: budgets and reports of usage stand there."
  type        = string
}

variable "compartment_id" {
  description = "OCID of the environment's compartment."
  type        = string
}

variable "name" {
  description = "Prefix of every name, such as ecommerce-production."
  type        = string
}

variable "environment" {
  description = "Value of the tag on everything, such as production."
  type        = string
}

variable "home_region" {
  description = "The tenancy's home region: the only one where budgets, tags and reports can be made."
  type        = string
}

variable "budget" {
  description = "Money per month, in the tenancy's currency."
  type        = number

  validation {
    condition     = var.budget > 0
    error_message = "Write the amount that a month may cost, in the tenancy's currency, such as 5000."
  }
}

variable "emails" {
  description = "Who is told when the budget is nearly spent."
  type        = set(string)

  validation {
    condition     = length(var.emails) > 0
    error_message = "Write at least one e-mail address, such as [\"finance@example.com\"]."
  }
}

variable "reports_from" {
  description = "First day of the reports of usage. Has to lie ahead when it is first applied; later changes have no effect."
  type        = string

  validation {
    condition     = can(formatdate("YYYY", var.reports_from)) && endswith(var.reports_from, "T00:00:00Z")
    error_message = "Write midnight UTC of a coming day, such as \"2027-01-01T00:00:00Z\"."
  }
}

variable "freeform_tags" {
  description = "Tags to search by. The defined ones are made here."
  type        = map(string)
}
