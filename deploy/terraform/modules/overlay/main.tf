locals {
  topology = yamldecode(file("${path.module}/../../../../topology.yaml"))

  # Where no database has replicas the overlay has no place for them.
  has_replicas = local.topology.environments[var.environment].database.replicas[0] > 0
}
