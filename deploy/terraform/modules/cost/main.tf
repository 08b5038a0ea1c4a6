locals {
  thresholds = [50, 75, 90, 100]

  # A tenancy has room for ten tags that costs can be grouped by: two for each of three environments fit.
  tags = {
    environment = { description = "The environment that pays", values = [var.environment] }
    component   = { description = "What part of the platform it is", values = null }
  }

  keys = { for name, tag in oci_identity_tag.this : name => "${oci_identity_tag_namespace.this.name}.${tag.name}" }

  defined_tags = {
    (local.keys.environment) = var.environment
    (local.keys.component)   = "cost"
  }

  reports = {
    daily   = { recurrence = "DAILY", granularity = "DAILY", range = "LAST_7_DAYS" }
    monthly = { recurrence = "MONTHLY", granularity = "MONTHLY", range = "LAST_2_MONTHS" }
  }
}

resource "oci_identity_tag_namespace" "this" {
  compartment_id = var.compartment_id
  name           = var.name
  description    = "Whose cost it is"
  freeform_tags  = var.freeform_tags
}

resource "oci_identity_tag" "this" {
  for_each = local.tags

  tag_namespace_id = oci_identity_tag_namespace.this.id
  name             = each.key
  description      = each.value.description
  is_cost_tracking = true
  freeform_tags    = var.freeform_tags

  dynamic "validator" {
    for_each = each.value.values == null ? [] : [each.value.values]

    content {
      validator_type = "ENUM"
      values         = validator.value
    }
  }
}

# For what the cluster and the cloud make by themselves: disks, load balancers, network cards.
resource "oci_identity_tag_default" "environment" {
  compartment_id    = var.compartment_id
  tag_definition_id = oci_identity_tag.this["environment"].id
  value             = var.environment
  is_required       = false
}

resource "oci_budget_budget" "this" {
  compartment_id = var.tenancy_id
  display_name   = replace(var.name, "-", "_")
  description    = "What a month of ${var.name} may cost"
  amount         = var.budget
  reset_period   = "MONTHLY"
  target_type    = "COMPARTMENT"
  targets        = [var.compartment_id]
  freeform_tags  = var.freeform_tags
  defined_tags   = local.defined_tags
}

resource "oci_budget_alert_rule" "this" {
  for_each = { for threshold in local.thresholds : tostring(threshold) => threshold }

  budget_id      = oci_budget_budget.this.id
  display_name   = "spent_${each.key}"
  description    = "${each.key} % of the month's budget is spent"
  type           = "ACTUAL"
  threshold      = each.value
  threshold_type = "PERCENTAGE"
  recipients     = join(",", sort(var.emails))
  message        = "${each.key} % of ${var.name}'s budget for this month is spent. See the runbook on costs."
  freeform_tags  = var.freeform_tags
  defined_tags   = local.defined_tags
}

data "oci_objectstorage_namespace" "this" {
  compartment_id = var.tenancy_id
}

resource "oci_objectstorage_bucket" "reports" {
  # checkov:skip=CKV_OCI_7: nobody listens for its events
  # checkov:skip=CKV_OCI_8: a report is written once
  # checkov:skip=CKV_OCI_9: it is in the tenancy's home region, where no environment has its key; Oracle's own encrypts it
  compartment_id = var.compartment_id
  namespace      = data.oci_objectstorage_namespace.this.namespace
  name           = "${var.name}-usage-reports"
  access_type    = "NoPublicAccess"
  freeform_tags  = var.freeform_tags
  defined_tags   = local.defined_tags
}

resource "oci_identity_policy" "reports" {
  compartment_id = var.compartment_id
  name           = "${var.name}-usage-reports"
  description    = "Reports of usage are written to their bucket"
  freeform_tags  = var.freeform_tags
  defined_tags   = local.defined_tags

  statements = [
    "Allow service metering_overlay to manage objects in compartment id ${var.compartment_id} where target.bucket.name = '${oci_objectstorage_bucket.reports.name}'",
  ]
}

resource "oci_metering_computation_schedule" "this" {
  for_each = local.reports

  compartment_id       = var.tenancy_id
  name                 = "${var.name}-${each.key}"
  description          = "Cost of ${var.name} by service and component"
  schedule_recurrences = each.value.recurrence
  time_scheduled       = var.reports_from
  output_file_format   = "CSV"
  freeform_tags        = var.freeform_tags
  defined_tags         = local.defined_tags

  result_location {
    location_type = "OBJECT_STORAGE"
    bucket        = oci_objectstorage_bucket.reports.name
    namespace     = oci_objectstorage_bucket.reports.namespace
    region        = var.home_region
  }

  query_properties {
    granularity = each.value.granularity
    query_type  = "COST"
    group_by    = ["service", "skuName"]

    filter = jsonencode({
      operator   = "AND"
      dimensions = [{ key = "compartmentId", value = var.compartment_id }]
      tags       = []
      filters    = []
    })

    group_by_tag {
      namespace = oci_identity_tag_namespace.this.name
      key       = oci_identity_tag.this["component"].name
    }

    date_range {
      date_range_type         = "DYNAMIC"
      dynamic_date_range_type = each.value.range
    }
  }

  lifecycle {
    # It lies in the past after the first run; sent again, it would be refused.
    ignore_changes = [time_scheduled]
  }
}
