# What is read here is written nowhere else in these files.
locals {
  topology = yamldecode(file("${path.module}/../../../../topology.yaml"))
  numbers  = local.topology.environments[var.environment]

  name      = "ecommerce-${var.environment}"
  namespace = "ecommerce"
  prefix    = "ecommerce.${var.environment}"

  services          = toset(keys(local.topology.services))
  database_services = toset([for service, facts in local.topology.services : service if try(facts.database, false)])

  rights = { for service in local.services : service => {
    publishes = toset([for event in values(local.topology.events) : event.stream if contains(event.producer, service)])
    consumes  = toset([for event in values(local.topology.events) : event.stream if contains(event.consumers, service)])
    queues    = toset([for queue, facts in local.topology.queues : queue if facts.owner == service])
  } }

  # deploy/secrets.yaml, for this environment: by name, whose it is, and who makes it.
  listed = { for name, secret in yamldecode(file("${path.module}/../../../secrets.yaml")) : name => merge(secret, {
    services = lookup({
      every    = local.services
      database = local.database_services
      streams  = toset([for service, rights in local.rights : service if length(rights.publishes) + length(rights.consumes) > 0])
    }, secret.whose, toset([secret.whose]))
  }) if contains(try(secret.in, [var.environment]), var.environment) }

  secret_names = { for made in ["vault", "hand"] : made => sort(flatten([
    for name, secret in local.listed : [
      for service in secret.services : try("${local.prefix}.${secret.account}.${service}.${name}", "${local.prefix}.${service}-service.${name}")
    ] if secret.made == made
  ])) }

  sandbox_services = try(local.listed["sandbox-secret"].services, toset([]))

  messaging = {
    streams              = toset(local.topology.streams)
    partitions           = local.numbers.stream.partitions
    retention_hours      = local.numbers.stream.retention_hours
    queues               = { for queue, facts in local.topology.queues : queue => { visibility = facts.visibility } }
    queue_retention_days = local.numbers.queue_retention_days
  }

  free_tags = { product = local.topology.product, environment = var.environment, managed-by = "terraform" }

  components = ["network", "cluster", "database", "cache", "messaging", "registry", "secrets", "access", "observability", "recovery"]

  tags = { for component in local.components : component => {
    freeform = merge(local.free_tags, { component = component })
    defined = {
      (module.cost.tag_keys.environment) = var.environment
      (module.cost.tag_keys.component)   = component
    }
  } }
}
