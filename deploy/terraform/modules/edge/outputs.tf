output "firewall_id" {
  value = oci_waf_web_app_firewall.this.id
}

output "load_balancer_id" {
  value = oci_waf_web_app_firewall.this.load_balancer_id
}
