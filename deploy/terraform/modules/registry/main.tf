resource "oci_artifacts_container_repository" "this" {
  for_each = var.services

  compartment_id = var.compartment_id
  display_name   = "${var.name}-${each.key}-service"
  is_public      = false
  freeform_tags  = merge(var.tags.freeform, { service = each.key })
  defined_tags   = var.tags.defined

  # What was tested under a tag stays under it.
  is_immutable = true
}

resource "oci_vulnerability_scanning_container_scan_recipe" "this" {
  compartment_id = var.compartment_id
  display_name   = "${var.name}-images"
  freeform_tags  = var.tags.freeform
  defined_tags   = var.tags.defined

  # The newest images of each repository: what runs, and what ran before it.
  image_count = 4

  scan_settings {
    scan_level = "STANDARD"
  }
}

resource "oci_vulnerability_scanning_container_scan_target" "this" {
  compartment_id           = var.compartment_id
  display_name             = "${var.name}-images"
  container_scan_recipe_id = oci_vulnerability_scanning_container_scan_recipe.this.id
  freeform_tags            = var.tags.freeform
  defined_tags             = var.tags.defined

  target_registry {
    type           = "OCIR"
    compartment_id = var.compartment_id
    repositories   = [for repository in oci_artifacts_container_repository.this : repository.display_name]
  }
}
