package io.canal.ctl;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.canal.ctl.Workstation.Said;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What docs/policy.md tells operators: its documents can be applied one after the other and do what they say, its commands run. */
class PolicyPageTest {

    private static final Path PAGE = Path.of("../docs/policy.md");
    private static final Pattern RECIPE = Pattern.compile("^### ([^\\n]+)\\n(?:(?!^#|^```)[^\\n]*\\n)*```yaml\\n(.*?)^```$",
            Pattern.MULTILINE | Pattern.DOTALL);
    private static final Pattern COMMAND = Pattern.compile("^calicoctl ([^#\\n]+)", Pattern.MULTILINE);

    @TempDir
    Path folder;

    private final Map<String, String> recipes = new LinkedHashMap<>();
    private Workstation workstation;
    private String page = "";

    @BeforeEach
    void cluster() throws IOException {
        page = Files.readString(PAGE);
        Matcher recipe = RECIPE.matcher(page);
        while (recipe.find()) {
            recipes.put(recipe.group(1), recipe.group(2));
        }
        workstation = new Workstation(folder, folder);
        apply(namespace("default") + namespace("kube-system") + namespace("shop") + namespace("monitoring")
                + pod("default", "web", "app: web", "10.1.1.2") + pod("default", "db", "app: db", "10.1.1.3") + pod("default", "other", "app: other", "10.1.1.4")
                + pod("kube-system", "dns", "k8s-app: kube-dns", "10.1.1.5") + pod("shop", "cart", "app: cart", "10.1.1.6") + pod("shop", "api", "app: api", "10.1.1.7")
                + pod("monitoring", "prom", "app: prometheus", "10.1.1.8"));
    }

    private static String namespace(String name) {
        return """
                ---
                apiVersion: projectcalico.org/v3
                kind: Profile
                metadata: {name: kns.%1$s}
                spec:
                  ingress: [{action: Allow}]
                  egress: [{action: Allow}]
                  labelsToApply: {pcns.projectcalico.org/name: %1$s, pcns.kubernetes.io/metadata.name: %1$s}
                """.formatted(name);
    }

    private static String pod(String namespace, String name, String label, String address) {
        return """
                ---
                apiVersion: projectcalico.org/v3
                kind: WorkloadEndpoint
                metadata: {name: node--1-k8s-%2$s-eth0, namespace: %1$s, labels: {%3$s}}
                spec: {node: node-1, orchestrator: k8s, pod: %2$s, endpoint: eth0, interfaceName: cali%2$s, ipNetworks: [%4$s/32], profiles: [kns.%1$s]}
                """.formatted(namespace, name, label, address);
    }

    private void apply(String documents) {
        Said said = workstation.run(documents, List.of("apply", "-f", "-"));
        assertEquals(0, said.code(), said::stderr);
    }

    private void applyRecipe(String title) {
        assertTrue(recipes.containsKey(title), () -> title + " is none of " + recipes.keySet());
        apply(recipes.get(title));
    }

    private boolean may(String source, String destination) {
        Said said = workstation.run("", List.of("why", source, destination));
        assertEquals(0, said.code(), said::stderr);
        return said.stdout().lines().findFirst().orElse("").contains(" may connect to ");
    }

    @Test
    void the_recipes_do_what_they_say() {
        assertEquals(6, recipes.size(), () -> "every recipe is tried here: " + recipes.keySet());
        assertTrue(may("default/web", "default/db:5432"), "a pod that no policy picks is open");

        applyRecipe("Nothing but DNS");
        assertTrue(may("default/web", "kube-system/dns:53/udp") && may("shop/cart", "kube-system/dns:53/tcp"), "DNS is open");
        assertTrue(!may("default/web", "kube-system/dns:80") && !may("default/web", "default/db:5432"), "all else is closed");
        assertTrue(!may("default/web", "192.0.2.9:443"), "the world is closed");
        assertTrue(may("kube-system/dns", "192.0.2.9:53/udp"), "kube-system is not picked");

        applyRecipe("Allow by label");
        assertTrue(may("default/web", "default/db:5432"));
        assertTrue(!may("default/web", "default/db:5433") && !may("default/other", "default/db:5432") && !may("default/db", "default/web:5432"));

        applyRecipe("Allow another namespace");
        assertTrue(may("monitoring/prom", "shop/cart:9100") && may("monitoring/prom", "shop/cart:9250"));
        assertTrue(!may("monitoring/prom", "shop/cart:9300") && !may("monitoring/prom", "default/db:9100") && !may("default/web", "shop/cart:9100"));

        assertTrue(!may("192.0.2.9", "shop/api:8080"), "api is picked by the policies of its namespace");
        applyRecipe("Kubernetes' own");
        assertTrue(workstation.run("", List.of("get", "np", "-n", "shop")).stdout().contains("knp.default.api"));
        apply("""
                apiVersion: projectcalico.org/v3
                kind: NetworkPolicy
                metadata: {name: web-to-api, namespace: default}
                spec: {selector: app == 'web', types: [Egress], egress: [{action: Allow, destination: {namespaceSelector: projectcalico.org/name == 'shop'}}]}
                """);
        assertTrue(may("default/web", "shop/api:8080") && !may("default/web", "shop/api:8081") && !may("default/other", "shop/api:8080"));

        applyRecipe("First of all, deny");
        assertTrue(!may("198.51.100.7", "kube-system/dns:53/udp") && !may("kube-system/dns", "198.51.100.7:53/udp"), "what the first tier denies");
        assertTrue(may("192.0.2.9", "kube-system/dns:53/udp") && may("default/web", "default/db:5432"), "it passes all else");

        applyRecipe("A node's own interface");
        assertTrue(may("192.0.2.9", "kube-system/dns:53/udp") && may("kube-system/dns", "192.0.2.9:53/udp"), "packets of pods pass through the interface");
    }

    @Test
    void the_commands_run() throws IOException {
        Files.writeString(folder.resolve("policy.yaml"), recipes.get("Allow by label"));
        int checked = 0;
        Matcher command = COMMAND.matcher(page);
        while (command.find()) {
            Said said = workstation.run("", List.of(command.group(1).strip().split(" +")));
            assertEquals(0, said.code(), () -> command.group() + ": " + said.stderr() + said.stdout());
            checked++;
        }
        assertTrue(checked >= 7, "the page has commands");
    }
}
