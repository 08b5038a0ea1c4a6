resource "oci_logging_log_group" "this" {
  compartment_id = var.compartment_id
  display_name   = var.name
  description    = "Logs of ${var.name}"
  freeform_tags  = var.tags.freeform
  defined_tags   = var.tags.defined
}

resource "oci_logging_log" "service" {
  for_each = var.services

  log_group_id       = oci_logging_log_group.this.id
  display_name       = "${each.key}-service"
  log_type           = "CUSTOM"
  is_enabled         = true
  retention_duration = var.log_days
  freeform_tags      = merge(var.tags.freeform, { service = each.key })
  defined_tags       = var.tags.defined
}

resource "oci_logging_unified_agent_configuration" "service" {
  for_each = var.services

  compartment_id = var.compartment_id
  display_name   = "${var.name}-${each.key}-service"
  description    = "What the service ${each.key} writes to its standard output"
  is_enabled     = true
  freeform_tags  = merge(var.tags.freeform, { service = each.key })
  defined_tags   = var.tags.defined

  group_association {
    group_list = [var.node_group_id]
  }

  service_configuration {
    configuration_type = "LOGGING"

    destination {
      log_object_id = oci_logging_log.service[each.key].id
    }

    sources {
      source_type = "LOG_TAIL"
      name        = each.key
      paths       = ["/var/log/containers/${each.key}-service-*_${var.namespace}_*.log"]

      parser {
        parser_type         = "CRI"
        is_merge_cri_fields = true
      }
    }
  }
}

resource "oci_logging_log" "control_plane" {
  log_group_id       = oci_logging_log_group.this.id
  display_name       = "oke-control-plane"
  log_type           = "SERVICE"
  is_enabled         = true
  retention_duration = var.log_days
  freeform_tags      = var.tags.freeform
  defined_tags       = var.tags.defined

  configuration {
    compartment_id = var.compartment_id

    source {
      source_type = "OCISERVICE"
      service     = "oke-k8s-cp-prod"
      category    = "all-service-logs"
      resource    = var.cluster_id
    }
  }
}
