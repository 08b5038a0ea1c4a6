output "kubernetes" {
  value = module.environment.kubernetes
}

output "ingress" {
  value = module.environment.ingress
}

output "images" {
  value = module.environment.images
}

output "databases" {
  value = module.environment.databases
}

output "autoscale" {
  value = module.environment.autoscale
}

output "redis_url" {
  value = module.environment.redis_url
}

output "kafka" {
  value = module.environment.kafka
}

output "queues" {
  value = module.environment.queues
}

output "overlay" {
  value = module.environment.overlay
}

output "secrets_by_hand" {
  value = module.environment.secrets_by_hand
}

output "images_user" {
  value = module.environment.images_user
}

output "replication" {
  value = module.environment.replication
}

output "operations" {
  value = module.environment.operations
}

output "recovery" {
  value = module.environment.recovery
}

output "facts" {
  value = module.environment.facts
}
