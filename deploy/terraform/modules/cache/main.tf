resource "oci_redis_redis_cluster" "this" {
  compartment_id     = var.compartment_id
  display_name       = "${var.name}-redis"
  software_version   = "V7_0_5"
  node_count         = var.nodes
  node_memory_in_gbs = var.memory
  subnet_id          = var.subnet_id
  nsg_ids            = [var.group_id]
  freeform_tags      = var.tags.freeform
  defined_tags       = var.tags.defined

  # Shards would spread the keys over primaries; 24 GB hold them all, and one primary keeps a pipeline on one node.
  cluster_mode = "NONSHARDED"
}
