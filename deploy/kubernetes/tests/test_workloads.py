"""Deployments, Jobs and what belongs to them."""

from checks import configuration, rendered, steps, workloads

from .planted import CONTAINER, POD, Planted, change, config, drop, remove


class Workloads(Planted):
    parts = (workloads, configuration, steps)

    def test_a_port(self):
        self.breach(change("Deployment", "cart-service", *CONTAINER, "ports", 0, "containerPort", to=3006), "cart", "ports")
        self.breach(change("Service", "cart-service", "spec", "ports", 0, "port", to=3006), "cart", "Service ports")
        self.breach(change("ConfigMap", config("cart"), "data", "PORT", to="3006"), "cart", "PORT")

    def test_replicas_and_bounds(self):
        self.breach(change("Deployment", "auth-service", "spec", "replicas", to=2), "auth", "replicas")
        self.breach(change("HorizontalPodAutoscaler", "auth-service", "spec", "minReplicas", to=1), "auth", "HPA bounds")
        self.breach(change("HorizontalPodAutoscaler", "auth-service", "spec", "maxReplicas", to=15), "auth", "HPA bounds")
        self.breach(change("HorizontalPodAutoscaler", "auth-service", "spec", "maxReplicas", to=11), "HPA bounds", environment="staging")
        self.breach(change("HorizontalPodAutoscaler", "auth-service", "spec", "maxReplicas", to=4), "HPA bounds", environment="development")

    def test_targets_and_calm(self):
        target = ("spec", "metrics", 0, "resource", "target", "averageUtilization")
        self.breach(change("HorizontalPodAutoscaler", "user-service", *target, to=75), "user", "HPA targets")
        calm = ("spec", "behavior", "scaleDown", "stabilizationWindowSeconds")
        self.breach(change("HorizontalPodAutoscaler", "user-service", *calm, to=60), "user", "calm")

    def test_requests_and_limits(self):
        self.breach(change("Deployment", "order-service", *CONTAINER, "resources", "requests", "cpu", to="100m"), "order", "requests")
        self.breach(change("Deployment", "user-service", *CONTAINER, "resources", "limits", "memory", to="2048Mi"), "user", "limits")

    def test_anti_affinity(self):
        self.breach(drop("Deployment", "payment-service", *POD, "affinity"), "payment", "anti-affinity is not required")
        other = lambda broken: change("Deployment", "cart-service", *POD, "affinity",
                                      to=rendered.dig(broken.find("Deployment", "order-service"), *POD, "affinity"))(broken)
        self.breach(other, "cart", "anti-affinity is not preferred")

    def test_spread(self):
        self.breach(drop("Deployment", "auth-service", *POD, "topologySpreadConstraints", 1), "auth", "spread")
        self.breach(drop("Deployment", "auth-service", *POD, "topologySpreadConstraints", 0, "matchLabelKeys"), "matchLabelKeys")

    def test_probes_and_end(self):
        self.breach(change("Deployment", "auth-service", *CONTAINER, "readinessProbe", "httpGet", "path", to="/health"), "readinessProbe")
        self.breach(drop("Deployment", "auth-service", *CONTAINER, "startupProbe"), "startupProbe")
        self.breach(change("Deployment", "auth-service", *POD, "terminationGracePeriodSeconds", to=30), "terminationGracePeriodSeconds")
        self.breach(drop("Deployment", "auth-service", *CONTAINER, "lifecycle"), "preStop")

    def test_budget(self):
        self.breach(drop("PodDisruptionBudget", "auth-service", "spec", "unhealthyPodEvictionPolicy"), "unhealthyPodEvictionPolicy")
        self.breach(remove("PodDisruptionBudget", "auth-service"), "auth", "no PodDisruptionBudget")

    def test_a_selector_that_takes_the_migration_too(self):
        loose = drop("Service", "auth-service", "spec", "selector", rendered.COMPONENT)
        self.breach(loose, "auth", "Service selects", "Job")

    def test_security(self):
        own = (*CONTAINER, "securityContext")
        self.breach(change("Deployment", "auth-service", *own, "readOnlyRootFilesystem", to=False), "auth-service", "securityContext")
        self.breach(change("Job", "auth-service-migrate", *own, "allowPrivilegeEscalation", to=True), "migrate", "securityContext")
        self.breach(change("Deployment", "auth-service", *POD, "securityContext", "runAsUser", to=0), "runAsUser")
        self.breach(drop("Deployment", "auth-service", *POD, "securityContext", "runAsNonRoot"), "runAsNonRoot")
        self.breach(drop("Deployment", "auth-service", *POD, "securityContext", "seccompProfile"), "seccompProfile")
        self.breach(change("Deployment", "auth-service", *POD, "automountServiceAccountToken", to=True), "automount")
        self.breach(change("Deployment", "auth-service", *POD, "hostNetwork", to=True), "hostNetwork")

    def test_images(self):
        tag = "hyd.ocir.io/x/ecommerce-production-auth-service:latest"
        self.breach(change("Deployment", "auth-service", *CONTAINER, "image", to=tag), "auth", "digest")
        wrong = f"hyd.ocir.io/x/ecommerce-staging-auth-service@sha256:{'a' * 64}"
        self.breach(change("Deployment", "auth-service", *CONTAINER, "image", to=wrong), "auth", "repository")
        other = f"hyd.ocir.io/x/ecommerce-production-auth-service@sha256:{'a' * 64}"
        self.breach(change("Job", "auth-service-migrate", *CONTAINER, "image", to=other), "auth", "migration's image")

    def test_a_missing_and_a_foreign_service(self):
        self.breach(remove("Deployment", "return-service"), "Deployments")
        self.breach(change("Deployment", "return-service", "metadata", "name", to="returns-service"), "Deployments")
        self.breach(remove("Job", "return-service-migrate"), "Jobs", "return-service-setup")

    def test_a_step(self):
        step = ("metadata", "labels", "release-step")
        self.breach(change("Job", "auth-service-migrate", *step, to="serve"), "step 'migrate'")
        self.breach(change("Job", "auth-service-setup", *step, to="migrate"), "step 'setup'")
        self.breach(change("ExternalSecret", "auth-service-setup", *step, to="prepare"), "step 'setup'")
        self.breach(change("Deployment", "autoscale", *step, to="prepare"), "step 'serve'")

    def test_the_set_up_job(self):
        job = ("Job", "cart-service-setup")
        self.breach(change(*job, *CONTAINER, "args", 1, to="order"), "cart", "set-up's arguments")
        self.breach(change(*job, *POD, "serviceAccountName", to="cart-service"), "cart", "set-up's account")
        self.breach(drop(*job, *CONTAINER, "resources", "limits"), "cart", "set-up has no limits")
        self.breach(change(*job, *CONTAINER, "image", to="hyd.ocir.io/x/haat:1"), "cart", "digest")
        self.breach(change(*job, *CONTAINER, "securityContext", "readOnlyRootFilesystem", to=False), "cart-service-setup", "securityContext")
        self.breach(remove("ServiceAccount", "database-setup"), "ServiceAccounts")

    def test_a_token_where_it_is_needed_and_nowhere_else(self):
        mounted = (*POD, "automountServiceAccountToken")
        self.breach(change("Deployment", "order-service", *mounted, to=False), "order-service", "automount")
        self.breach(change("Deployment", "autoscale", *mounted, to=False), "autoscale", "automount")
        self.breach(change("Job", "order-service-migrate", *mounted, to=True), "order-service-migrate", "automount")
        self.breach(change("Job", "order-service-setup", *mounted, to=True), "order-service-setup", "automount")

    def test_the_controller_of_the_databases(self):
        self.breach(change("Deployment", "autoscale", "spec", "replicas", to=1), "autoscale", "replicas")
        self.breach(change("Deployment", "autoscale", *CONTAINER, "args", to=["autoscale", "--dry-run"]), "autoscale", "arguments")
        self.breach(change("Deployment", "autoscale", *CONTAINER, "ports", 0, "containerPort", to=3012), "autoscale", "ports")
        self.breach(change("Deployment", "autoscale", *CONTAINER, "readinessProbe", "httpGet", "path", to="/health"), "autoscale", "readinessProbe")
        self.breach(drop("Deployment", "autoscale", *CONTAINER, "resources", "limits"), "autoscale", "limits")
        self.breach(drop("Deployment", "autoscale", *POD, "affinity"), "autoscale", "anti-affinity")
        self.breach(change("Deployment", "autoscale", *CONTAINER, "image", to="haat:latest"), "autoscale", "digest")
        self.breach(remove("PodDisruptionBudget", "autoscale"), "autoscale", "no PodDisruptionBudget")
        self.breach(remove("Deployment", "autoscale"), "autoscale", "no Deployment")

    def test_the_controllers_rights(self):
        rule = ("Role", "autoscale", "rules", 1)
        self.breach(drop(*rule, "resourceNames"), "autoscale", "rights")
        self.breach(change(*rule, "verbs", to=["get", "update", "delete"]), "autoscale", "rights")
        self.breach(change(*rule, "resources", to=["secrets"]), "autoscale", "rights")
        # As Kustomize would have it, if a ConfigMap had the Lease's name.
        self.breach(change(*rule, "resourceNames", to=["autoscale-9hk4t"]), "autoscale", "rights")
        self.breach(change("RoleBinding", "autoscale", "subjects", 0, "name", to="default"), "autoscale", "rights' holder")
        self.breach(lambda broken: broken.find("Role", "autoscale")["rules"].append({"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]}),
                    "autoscale", "rights")
