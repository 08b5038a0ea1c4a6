terraform {
  required_version = ">= 1.9"

  required_providers {
    oci = {
      source  = "oracle/oci"
      version = "~> 8.28"

      # home: where identities, budgets and tags can be made. recovery: where copies go.
      configuration_aliases = [oci, oci.home, oci.recovery]
    }
  }
}
