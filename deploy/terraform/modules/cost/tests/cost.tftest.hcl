mock_provider "oci" {
  override_during = plan

  mock_data "oci_objectstorage_namespace" {
    defaults = { namespace = "testnamespace" }
  }
}

variables {
  tenancy_id     = "ocid1.tenancy.oc1..test"
  compartment_id = "ocid1.compartment.oc1..test"
  name           = "ecommerce-test"
  environment    = "test"
  home_region    = "ap-mumbai-1"
  budget         = 5000
  emails         = ["oncall@example.com", "finance@example.com"]
  reports_from   = "2027-01-01T00:00:00Z"
  freeform_tags  = { product = "haat" }
}

run "the_budget_warns_four_times" {
  command = plan

  assert {
    condition     = sort([for rule in oci_budget_alert_rule.this : format("%03d", rule.threshold)]) == tolist(["050", "075", "090", "100"])
    error_message = "at 50, 75, 90 and 100 per cent"
  }
  assert {
    condition     = alltrue([for rule in oci_budget_alert_rule.this : rule.threshold_type == "PERCENTAGE" && rule.type == "ACTUAL" && rule.recipients == "finance@example.com,oncall@example.com"])
    error_message = "per cent of what is spent, told to everybody named"
  }
  assert {
    condition     = oci_budget_budget.this.target_type == "COMPARTMENT" && oci_budget_budget.this.targets == tolist([var.compartment_id]) && oci_budget_budget.this.reset_period == "MONTHLY"
    error_message = "one environment, month by month"
  }
}

run "costs_can_be_grouped_by_tags" {
  command = plan

  assert {
    condition     = output.tag_keys == { environment = "ecommerce-test.environment", component = "ecommerce-test.component" }
    error_message = "the keys that every module puts on its resources"
  }
  assert {
    condition     = alltrue([for tag in oci_identity_tag.this : tag.is_cost_tracking])
    error_message = "a tag that is not for cost tracking does not appear in the reports"
  }
  assert {
    condition     = oci_identity_tag_default.environment.value == "test" && oci_identity_tag.this["environment"].validator[0].validator_type == "ENUM"
    error_message = "what the cloud makes by itself must bear the tag too"
  }
}

run "usage_is_reported_daily_and_monthly" {
  command = plan

  assert {
    condition = { for name, schedule in oci_metering_computation_schedule.this : name => [
      schedule.schedule_recurrences, schedule.query_properties[0].granularity, schedule.query_properties[0].date_range[0].dynamic_date_range_type,
      ] } == {
      daily   = ["DAILY", "DAILY", "LAST_7_DAYS"]
      monthly = ["MONTHLY", "MONTHLY", "LAST_2_MONTHS"]
    }
    error_message = "a daily and a monthly report"
  }
  assert {
    condition     = alltrue([for schedule in oci_metering_computation_schedule.this : jsondecode(schedule.query_properties[0].filter).dimensions[0].value == var.compartment_id])
    error_message = "a report holds its own environment's cost only"
  }
  assert {
    condition     = oci_objectstorage_bucket.reports.access_type == "NoPublicAccess"
    error_message = "what a business spends is not public"
  }
}

run "a_budget_of_nothing_is_refused" {
  command = plan
  variables { budget = 0 }
  expect_failures = [var.budget]
}

run "a_day_that_is_none_is_refused" {
  command = plan
  variables { reports_from = "tomorrow" }
  expect_failures = [var.reports_from]
}
