locals {
  # The two collaborative groups of rules, and for each the newest single one: the former weigh many signs, the latter know
  # one attack well.
  capabilities = {
    sql_injection            = "9420000"
    sql_injection_libinject  = "942270"
    cross_site_scripting     = "9410000"
    cross_site_script_vector = "941140"
  }

  balancers = data.oci_load_balancer_load_balancers.ingress.load_balancers
}

data "oci_waf_protection_capabilities" "this" {
  for_each = local.capabilities

  compartment_id    = var.compartment_id
  key               = each.value
  is_latest_version = [true]
}

data "oci_load_balancer_load_balancers" "ingress" {
  compartment_id = var.compartment_id

  dynamic "filter" {
    for_each = var.load_balancer_tags

    content {
      name   = "freeform_tags.${filter.key}"
      values = [filter.value]
    }
  }
}

resource "oci_waf_network_address_list" "allowed" {
  count = length(var.allowed_cidrs) > 0 ? 1 : 0

  compartment_id = var.compartment_id
  display_name   = "${var.name}-allowed"
  type           = "ADDRESSES"
  addresses      = sort(var.allowed_cidrs)
  freeform_tags  = var.tags.freeform
  defined_tags   = var.tags.defined
}

resource "oci_waf_web_app_firewall_policy" "this" {
  compartment_id = var.compartment_id
  display_name   = "${var.name}-waf"
  freeform_tags  = var.tags.freeform
  defined_tags   = var.tags.defined

  actions {
    name = "allow"
    type = "ALLOW"
  }

  # Problems as the API itself tells them (RFC 9457), so that a client needs no second parser for the firewall.
  actions {
    name = "refuse"
    type = "RETURN_HTTP_RESPONSE"
    code = 403

    headers {
      name  = "Content-Type"
      value = "application/problem+json"
    }

    body {
      type = "STATIC_TEXT"
      text = jsonencode({ type = "about:blank", title = "Forbidden", status = 403 })
    }
  }

  actions {
    name = "slow-down"
    type = "RETURN_HTTP_RESPONSE"
    code = 429

    headers {
      name  = "Content-Type"
      value = "application/problem+json"
    }

    headers {
      name  = "Retry-After"
      value = tostring(var.rate_limit.penalty)
    }

    body {
      type = "STATIC_TEXT"
      text = jsonencode({ type = "about:blank", title = "Too Many Requests", status = 429 })
    }
  }

  request_access_control {
    default_action_name = "allow"

    dynamic "rules" {
      for_each = oci_waf_network_address_list.allowed

      content {
        type               = "ACCESS_CONTROL"
        name               = "allow-list"
        action_name        = "refuse"
        condition_language = "JMESPATH"
        condition          = "!address_in_network_address_list(connection.source.address, ['${rules.value.id}'])"
      }
    }
  }

  request_rate_limiting {
    rules {
      type        = "REQUEST_RATE_LIMITING"
      name        = "per-address"
      action_name = "slow-down"

      configurations {
        requests_limit             = var.rate_limit.requests
        period_in_seconds          = var.rate_limit.period
        action_duration_in_seconds = var.rate_limit.penalty
      }
    }
  }

  request_protection {
    body_inspection_size_limit_in_bytes = 8192

    # No `body_inspection_size_limit_exceeded_action_name`: a product's picture is larger, and is no attack.

    rules {
      type                       = "PROTECTION"
      name                       = "injection"
      action_name                = "refuse"
      is_body_inspection_enabled = true

      dynamic "protection_capabilities" {
        for_each = local.capabilities

        content {
          key     = protection_capabilities.value
          version = data.oci_waf_protection_capabilities.this[protection_capabilities.key].protection_capability_collection[0].items[0].version
        }
      }
    }
  }
}

resource "oci_waf_web_app_firewall" "this" {
  compartment_id             = var.compartment_id
  display_name               = "${var.name}-waf"
  backend_type               = "LOAD_BALANCER"
  load_balancer_id           = try(local.balancers[0].id, null)
  web_app_firewall_policy_id = oci_waf_web_app_firewall_policy.this.id
  freeform_tags              = var.tags.freeform
  defined_tags               = var.tags.defined

  lifecycle {
    precondition {
      condition     = length(local.balancers) == 1
      error_message = "There are ${length(local.balancers)} load balancers with these tags, not one. Deploy the Gateway first, and put the tags of the output `ingress` into its annotations."
    }
  }
}
