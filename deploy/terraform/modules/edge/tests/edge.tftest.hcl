mock_provider "oci" {
  override_during = plan

  mock_data "oci_waf_protection_capabilities" {
    defaults = { protection_capability_collection = [{ items = [{ version = 3 }] }] }
  }
  mock_data "oci_load_balancer_load_balancers" {
    defaults = { load_balancers = [{ id = "ocid1.loadbalancer.oc1..ingress" }] }
  }
  mock_resource "oci_waf_network_address_list" {
    defaults = { id = "list" }
  }
}

variables {
  compartment_id     = "ocid1.compartment.oc1..test"
  name               = "ecommerce-test"
  load_balancer_tags = { role = "ingress", environment = "test" }
  tags               = { freeform = { product = "haat" }, defined = {} }
}

run "injection_is_refused" {
  command = plan

  assert {
    condition = { for capability in oci_waf_web_app_firewall_policy.this.request_protection[0].rules[0].protection_capabilities : capability.key => capability.version } == {
      "9420000" = 3, "942270" = 3, "9410000" = 3, "941140" = 3
    }
    error_message = "SQL injection and cross-site scripting, each in its newest version"
  }
  assert {
    condition     = oci_waf_web_app_firewall_policy.this.request_protection[0].rules[0].action_name == "refuse" && oci_waf_web_app_firewall_policy.this.request_protection[0].rules[0].is_body_inspection_enabled
    error_message = "an attack in a body is an attack too"
  }
  assert {
    condition     = { for action in oci_waf_web_app_firewall_policy.this.actions : action.name => action.type == "ALLOW" ? action.type : "${action.type} ${action.code}" } == { allow = "ALLOW", refuse = "RETURN_HTTP_RESPONSE 403", slow-down = "RETURN_HTTP_RESPONSE 429" }
    error_message = "what the rules' actions mean"
  }
}

run "an_address_has_2000_requests_in_five_minutes" {
  command = plan

  assert {
    condition     = oci_waf_web_app_firewall_policy.this.request_rate_limiting[0].rules[0].configurations[0].requests_limit == 2000 && oci_waf_web_app_firewall_policy.this.request_rate_limiting[0].rules[0].configurations[0].period_in_seconds == 300
    error_message = "2000 in 300 s"
  }
  assert {
    condition     = oci_waf_web_app_firewall_policy.this.request_rate_limiting[0].rules[0].type == "REQUEST_RATE_LIMITING" && oci_waf_web_app_firewall_policy.this.request_rate_limiting[0].rules[0].action_name == "slow-down"
    error_message = "more is answered with 429"
  }
}

run "a_shop_is_open_to_everybody" {
  command = plan

  assert {
    condition     = length(oci_waf_network_address_list.allowed) == 0 && length(oci_waf_web_app_firewall_policy.this.request_access_control[0].rules) == 0 && oci_waf_web_app_firewall_policy.this.request_access_control[0].default_action_name == "allow"
    error_message = "without a list nobody is turned away"
  }
}

run "a_list_turns_others_away" {
  command = plan
  variables { allowed_cidrs = ["203.0.113.0/24"] }

  assert {
    condition     = oci_waf_network_address_list.allowed[0].addresses == tolist(["203.0.113.0/24"]) && oci_waf_network_address_list.allowed[0].type == "ADDRESSES"
    error_message = "the ranges given"
  }
  assert {
    condition     = oci_waf_web_app_firewall_policy.this.request_access_control[0].rules[0].condition == "!address_in_network_address_list(connection.source.address, ['list'])" && oci_waf_web_app_firewall_policy.this.request_access_control[0].rules[0].action_name == "refuse" && oci_waf_web_app_firewall_policy.this.request_access_control[0].rules[0].condition_language == "JMESPATH"
    error_message = "whoever is not on the list is refused"
  }
}

run "the_firewall_stands_before_the_load_balancer" {
  command = plan

  assert {
    condition     = oci_waf_web_app_firewall.this.load_balancer_id == "ocid1.loadbalancer.oc1..ingress" && oci_waf_web_app_firewall.this.backend_type == "LOAD_BALANCER"
    error_message = "found by its tags"
  }
  assert {
    condition     = { for filter in data.oci_load_balancer_load_balancers.ingress.filter : filter.name => one(filter.values) } == { "freeform_tags.role" = "ingress", "freeform_tags.environment" = "test" }
    error_message = "another environment's load balancer could match"
  }
}

run "no_load_balancer_is_refused" {
  command = plan

  override_data {
    target          = data.oci_load_balancer_load_balancers.ingress
    override_during = plan
    values          = { load_balancers = [] }
  }

  expect_failures = [oci_waf_web_app_firewall.this]
}

run "two_load_balancers_are_refused" {
  command = plan

  override_data {
    target          = data.oci_load_balancer_load_balancers.ingress
    override_during = plan
    values          = { load_balancers = [{ id = "one" }, { id = "two" }] }
  }

  expect_failures = [oci_waf_web_app_firewall.this]
}

run "a_range_that_is_none_is_refused" {
  command = plan
  variables { allowed_cidrs = ["office"] }
  expect_failures = [var.allowed_cidrs]
}

run "a_search_for_any_load_balancer_is_refused" {
  command = plan
  variables { load_balancer_tags = {} }
  expect_failures = [var.load_balancer_tags]
}
