output "kafka_users" {
  description = "By service: name of the user whose auth token its Kafka client needs."
  value       = { for service, user in oci_identity_user.kafka : service => user.name }
}

output "kafka_groups" {
  description = "By service: the group of its Kafka user, for the recovery region."
  value       = local.kafka_groups
}

output "images_user" {
  description = "The user whose auth token pulls images. Null where the users are another region's."
  value       = one(oci_identity_user.images[*].name)
}

output "node_group_id" {
  description = "The nodes' dynamic group, for the logging agent."
  value       = oci_identity_dynamic_group.nodes.id
}

output "node_group_name" {
  value = oci_identity_dynamic_group.nodes.name
}

output "facts" {
  description = "By service account: its verbs and on what, short enough to be read."
  value = { for service, policy in oci_identity_policy.service : service => join(" ", [
    for statement in policy.statements : regex(" to (?:use|read) ([a-z-]+) ", statement)[0]
  ]) }
}
