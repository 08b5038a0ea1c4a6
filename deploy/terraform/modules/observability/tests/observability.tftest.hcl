mock_provider "oci" {
  override_during = plan

  mock_resource "oci_apm_apm_domain" {
    defaults = { id = "ocid1.apmdomain.oc1..test", data_upload_endpoint = "https://apm.example" }
  }

  mock_data "oci_objectstorage_namespace" {
    defaults = { namespace = "testnamespace" }
  }
  mock_resource "oci_ons_notification_topic" {
    defaults = { id = "topic" }
  }
}

variables {
  compartment_id = "ocid1.compartment.oc1..test"
  name           = "ecommerce-test"
  namespace      = "ecommerce"
  services       = ["gateway", "auth"]
  emails         = ["devops@example.com", "oncall@example.com"]
  thresholds     = { database_cpu = 81, database_storage = 85, redis_memory = 82, load_balancer_5xx = 10, node_cpu = 83, replica_lag = 5 }
  storage_tib    = 2
  log_days       = 90
  vcn_id         = "vcn"
  cluster_id     = "cluster"
  node_group_id  = "nodes"
  kms_key_id     = "key"
  tags           = { freeform = { product = "haat" }, defined = {} }
}

run "alarms_sound_at_their_thresholds" {
  command = plan

  assert {
    condition = { for name, alarm in oci_monitoring_alarm.this : name => "${alarm.namespace} ${alarm.query}" } == {
      database-cpu         = "oci_postgresql CpuUtilization[5m]{dbInstanceRole = \"PRIMARY\"}.groupBy(resourceId).mean() > 81"
      database-storage     = "oci_postgresql UsedStorage[5m].groupBy(resourceId).max() > 1869169767219"
      database-replica-lag = "oci_postgresql ReplicationLag[1m].groupBy(resourceId).max() > 5"
      redis-memory         = "oci_redis MemoryUtilization[5m].groupBy(resourceId).max() > 82"
      load-balancer-5xx    = "oci_lbaas HttpResponses5xx[5m].groupBy(resourceId).sum() > 10"
      node-cpu             = "oci_computeagent CpuUtilization[5m]{resourceDisplayName =~ \"oke-*\"}.groupBy(resourceId).mean() > 83"
    }
    error_message = "an alarm is missing, or measures something else"
  }
  assert {
    condition     = alltrue([for alarm in oci_monitoring_alarm.this : alarm.is_enabled && alarm.destinations == tolist(["topic"]) && alarm.severity == "CRITICAL" && alarm.message_format == "ONS_OPTIMIZED"])
    error_message = "an alarm that reaches nobody"
  }
  assert {
    condition     = oci_ons_notification_topic.alerts.name == "ecommerce-test-alerts"
    error_message = "the topic's name is the design's"
  }
  assert {
    condition     = { for email, subscription in oci_ons_subscription.email : subscription.endpoint => subscription.protocol } == { "devops@example.com" = "EMAIL", "oncall@example.com" = "EMAIL" }
    error_message = "everybody named must be subscribed"
  }
}

run "every_service_has_its_log" {
  command = plan

  assert {
    condition     = [for log in oci_logging_log.service : log.display_name] == ["auth-service", "gateway-service"] && alltrue([for log in oci_logging_log.service : log.log_type == "CUSTOM" && log.retention_duration == 90])
    error_message = "a log for each service, kept for ninety days"
  }
  assert {
    condition     = oci_logging_unified_agent_configuration.service["auth"].service_configuration[0].sources[0].paths == tolist(["/var/log/containers/auth-service-*_ecommerce_*.log"])
    error_message = "the agent reads another service's files"
  }
  assert {
    condition     = oci_logging_unified_agent_configuration.service["auth"].service_configuration[0].sources[0].parser[0].parser_type == "CRI" && oci_logging_unified_agent_configuration.service["auth"].service_configuration[0].configuration_type == "LOGGING"
    error_message = "containerd writes CRI"
  }
  assert {
    condition     = oci_logging_log.control_plane.configuration[0].source[0].service == "oke-k8s-cp-prod" && oci_logging_log.control_plane.log_type == "SERVICE"
    error_message = "the control plane's log"
  }
}

run "a_week_of_logs_is_refused" {
  command = plan
  variables { log_days = 7 }
  expect_failures = [var.log_days]
}

run "traces_have_a_place_to_go" {
  command = plan

  assert {
    condition     = output.traces.endpoint == "https://apm.example/20200101/opentelemetry/private" && !oci_apm_apm_domain.this.is_free_tier
    error_message = "the collector adds /v1/traces to the private endpoint of a domain of our own"
  }
}

run "flow_logs_stay_ninety_days" {
  command = plan

  assert {
    condition     = one(oci_objectstorage_object_lifecycle_policy.flow_logs.rules).time_amount == "90" && one(oci_objectstorage_object_lifecycle_policy.flow_logs.rules).time_unit == "DAYS" && one(oci_objectstorage_object_lifecycle_policy.flow_logs.rules).action == "DELETE"
    error_message = "deleted after ninety days"
  }
  assert {
    condition     = oci_objectstorage_bucket.flow_logs.access_type == "NoPublicAccess" && oci_objectstorage_bucket.flow_logs.kms_key_id == "key"
    error_message = "a private bucket under the environment's key"
  }
  assert {
    condition     = oci_logging_log.flow.configuration[0].source[0].service == "flowlogs" && oci_logging_log.flow.configuration[0].source[0].category == "vcn" && oci_logging_log.flow.configuration[0].source[0].resource == "vcn"
    error_message = "the whole VCN's traffic"
  }
  assert {
    condition     = oci_core_capture_filter.everything.filter_type == "FLOWLOG" && oci_core_capture_filter.everything.flow_log_capture_filter_rules[0].flow_log_type == "ALL" && oci_core_capture_filter.everything.flow_log_capture_filter_rules[0].sampling_rate == 1
    error_message = "every connection, accepted and refused"
  }
  assert {
    condition     = oci_sch_service_connector.flow_logs.source[0].kind == "logging" && oci_sch_service_connector.flow_logs.target[0].kind == "objectStorage" && oci_sch_service_connector.flow_logs.target[0].bucket == output.flow_log_bucket
    error_message = "from the log to the bucket"
  }
}

run "nobody_to_tell_is_refused" {
  command = plan
  variables { emails = [] }
  expect_failures = [var.emails]
}

run "a_threshold_of_a_hundred_is_refused" {
  command = plan
  variables { thresholds = { database_cpu = 100, database_storage = 85, redis_memory = 80, load_balancer_5xx = 10, node_cpu = 80, replica_lag = 5 } }
  expect_failures = [var.thresholds]
}

run "logs_for_a_year_are_refused" {
  command = plan
  variables { log_days = 365 }
  expect_failures = [var.log_days]
}
