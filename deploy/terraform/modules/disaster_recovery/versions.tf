terraform {
  required_version = ">= 1.9"

  required_providers {
    oci = {
      source  = "oracle/oci"
      version = "~> 8.28"

      # home: where identities can be made.
      configuration_aliases = [oci, oci.home]
    }
  }
}
