# Traces, which the cluster's OpenTelemetry collector hands on.
resource "oci_apm_apm_domain" "this" {
  compartment_id = var.compartment_id
  display_name   = "${var.name}-traces"
  description    = "Traces of ${var.name}"
  freeform_tags  = var.tags.freeform
  defined_tags   = var.tags.defined

  # The free domain keeps little, and a tenancy has one.
  is_free_tier = false
}
