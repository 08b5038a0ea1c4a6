data "oci_objectstorage_namespace" "this" {
  compartment_id = var.compartment_id
}

resource "oci_core_capture_filter" "everything" {
  compartment_id = var.compartment_id
  display_name   = "${var.name}-everything"
  filter_type    = "FLOWLOG"
  freeform_tags  = var.tags.freeform
  defined_tags   = var.tags.defined

  flow_log_capture_filter_rules {
    is_enabled    = true
    priority      = 0
    sampling_rate = 1
    flow_log_type = "ALL"
    rule_action   = "INCLUDE"
  }
}

resource "oci_logging_log" "flow" {
  log_group_id  = oci_logging_log_group.this.id
  display_name  = "vcn-flow"
  log_type      = "SERVICE"
  is_enabled    = true
  freeform_tags = var.tags.freeform
  defined_tags  = var.tags.defined

  # The bucket keeps them; here they only pass, so the shortest time there is.
  retention_duration = 30

  configuration {
    compartment_id = var.compartment_id

    source {
      source_type = "OCISERVICE"
      service     = "flowlogs"
      category    = "vcn"
      resource    = var.vcn_id
      parameters  = { capture_filter = oci_core_capture_filter.everything.id }
    }
  }
}

resource "oci_objectstorage_bucket" "flow_logs" {
  # checkov:skip=CKV_OCI_7: nobody listens for its events
  # checkov:skip=CKV_OCI_8: a version that is kept would outlive the ninety days
  compartment_id = var.compartment_id
  namespace      = data.oci_objectstorage_namespace.this.namespace
  name           = "${var.name}-flow-logs"
  access_type    = "NoPublicAccess"
  versioning     = "Disabled"
  kms_key_id     = var.kms_key_id
  freeform_tags  = var.tags.freeform
  defined_tags   = var.tags.defined
}

resource "oci_objectstorage_object_lifecycle_policy" "flow_logs" {
  namespace = oci_objectstorage_bucket.flow_logs.namespace
  bucket    = oci_objectstorage_bucket.flow_logs.name

  rules {
    name        = "expire"
    action      = "DELETE"
    target      = "objects"
    is_enabled  = true
    time_amount = var.flow_log_days
    time_unit   = "DAYS"
  }
}

resource "oci_sch_service_connector" "flow_logs" {
  compartment_id = var.compartment_id
  display_name   = "${var.name}-flow-logs"
  description    = "Flow logs to Object Storage"
  freeform_tags  = var.tags.freeform
  defined_tags   = var.tags.defined

  source {
    kind = "logging"

    log_sources {
      compartment_id = var.compartment_id
      log_group_id   = oci_logging_log_group.this.id
      log_id         = oci_logging_log.flow.id
    }
  }

  target {
    kind                       = "objectStorage"
    namespace                  = oci_objectstorage_bucket.flow_logs.namespace
    bucket                     = oci_objectstorage_bucket.flow_logs.name
    object_name_prefix         = "flow"
    batch_rollover_size_in_mbs = 100
    batch_rollover_time_in_ms  = 420000
  }
}
