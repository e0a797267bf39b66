package io.canal.lab.attack;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.canal.lab.Host;
import io.canal.lab.LabException;
import io.canal.lab.Pause;
import io.canal.lab.Program;
import io.canal.lab.pod.Pod;
import io.canal.lab.pod.PodSpec;
import io.canal.model.Json;
import io.canal.model.calico.Kind;
import io.canal.model.calico.Resource;
import io.canal.model.calico.ResourceKey;
import java.io.IOException;
import java.nio.file.Files;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;

/** Names, labels and comments that try to leave their place, towards a shell, a file, or a rule of their own. */
final class NameAttacks {

    private static final String WITNESS = "/tmp/canal-attack-18";
    private static final List<String> HOSTILE = List.of(
            "x\" -j ACCEPT",
            "x\nCOMMIT\n*filter\n-I FORWARD -j ACCEPT\nCOMMIT",
            "$(touch " + WITNESS + ")`touch " + WITNESS + "`;touch " + WITNESS,
            "x\"; } ; chain filter-FORWARD { accept; }; #",
            "../../../../tmp/canal-attack-18",
            "%s%n%t" + "y".repeat(300));
    private static final String CONFLIST = "/etc/cni/net.d/10-canal.conflist";
    private static final String CONTAINER = "ab".repeat(32);
    private static final int FIRST_PORT = 6100;

    private NameAttacks() {}

    static void run(Ground ground, Findings findings) throws IOException {
        Host host = ground.one.host();
        host.program("rm", "-f", WITNESS).must();
        policies(ground, findings);
        labels(ground, findings);
        calls(ground, findings);
        findings.stopped("a command in a name", Files.notExists(host.path(WITNESS)), WITNESS + " is there");
        ground.policy("well-named", deny(FIRST_PORT));
        findings.proven("the agent takes policies as before", closes(ground, FIRST_PORT));
        ground.remove(Kind.GLOBAL_NETWORK_POLICY, "well-named");
        findings.proven("and lets go of them", Pause.until(Findings.PATIENCE, () -> Ground.arrives(ground.attacker, ground.near, FIRST_PORT)));
    }

    private static boolean closes(Ground ground, int port) {
        return closes(ground, ground.near, port);
    }

    private static String deny(int port) {
        return """
                {"order":1,"selector":"attack-test == 'victim'","types":["Ingress"],"ingress":[
                 {"action":"Deny","protocol":"UDP","destination":{"ports":[%d]}}]}""".formatted(port);
    }

    /** A policy that is called so, and says so in its annotations, denies what it says, and nothing more. */
    private static void policies(Ground ground, Findings findings) {
        for (int i = 0; i < HOSTILE.size(); i++) {
            String hostile = HOSTILE.get(i);
            int port = FIRST_PORT + 1 + i;
            String key = ResourceKey.prefix(Kind.GLOBAL_NETWORK_POLICY) + "attack-test-" + hostile;
            ObjectNode value = (ObjectNode) Json.value("policy", Resource.make(ResourceKey.of(Kind.GLOBAL_NETWORK_POLICY, "x"), Map.of(hostile, hostile),
                    Json.object("spec", deny(port)).orThrow()).created(UUID.randomUUID(), Instant.now()).encode()).orThrow();
            ObjectNode metadata = (ObjectNode) value.path("metadata");
            metadata.put("name", "attack-test-" + hostile).putObject("annotations").put(hostile, hostile);
            ground.value(key, Json.compact(value));
            findings.stopped("a policy called " + shown(hostile) + " that opens more than it says", Ground.closed(ground.attacker, ground.near, Ground.CLOSED), "the closed port is open");
            if (hostile.contains("/")) {
                // No key of Calico's has a further slash: this is none, and nobody can have made it with calicoctl.
                ground.removeKey(key);
                continue;
            }
            findings.stopped("a policy called " + shown(hostile) + " that is not enforced", closes(ground, port), "the port that it denies is open");
            ground.removeKey(key);
            findings.proven("a policy called " + shown(hostile) + " closes its port while it is there, and no longer",
                    Pause.until(Findings.PATIENCE, () -> Ground.arrives(ground.attacker, ground.near, port)));
        }
    }

    private static void labels(Ground ground, Findings findings) {
        Map<String, String> labels = new LinkedHashMap<>(Map.of(Ground.LABEL, "victim"));
        HOSTILE.forEach(hostile -> labels.put(hostile, hostile));
        Pod pod;
        try {
            pod = ground.pods().attach(new PodSpec(Ground.NAMESPACE, "labelled", labels, List.of(), List.of()), ground.one.host());
        } catch (LabException refused) {
            findings.stopped("a pod with labels that are no labels", true, "");
            return;
        }
        try (Actor labelled = ground.watched(pod)) {
            findings.stopped("a pod with labels that are no labels, past its policy", closes(ground, labelled, Ground.CLOSED), "the closed port is open");
        } finally {
            ground.pods().remove(pod);
        }
    }

    private static boolean closes(Ground ground, Actor victim, int port) {
        return Pause.until(Findings.PATIENCE, () -> Ground.closed(ground.attacker, victim, port));
    }

    /** What a runtime might hand on: none of it makes an interface, and none of it is run. */
    private static void calls(Ground ground, Findings findings) throws IOException {
        Host host = ground.one.host();
        ObjectNode list = Json.object(CONFLIST, Files.readString(host.path(CONFLIST))).orThrow();
        ObjectNode plugin = ((ObjectNode) list.path("plugins").path(0)).put("name", list.path("name").asText()).put("cniVersion", "1.0.0");
        int before = interfaces(host);
        Map<String, Map<String, String>> calls = new LinkedHashMap<>();
        for (String name : List.of("../eth0", "a/b", "interface-that-is-too-long", "eth0\nx", "..", "e th")) {
            calls.put("an interface called " + shown(name), Map.of("CNI_IFNAME", name));
        }
        calls.put("a container called ../../x", Map.of("CNI_CONTAINERID", "../../x"));
        calls.put("a namespace that is no namespace", Map.of("CNI_NETNS", "/etc/passwd"));
        calls.put("a pod called $(touch)", Map.of("CNI_ARGS", "IgnoreUnknown=1;K8S_POD_NAMESPACE=default;K8S_POD_NAME=$(touch " + WITNESS + ")"));
        calls.forEach((what, variables) -> {
            Program call = host.program("/opt/cni/bin/calico").env("CNI_COMMAND", "ADD").env("CNI_CONTAINERID", CONTAINER)
                    .env("CNI_NETNS", ground.attackersNetns()).env("CNI_IFNAME", "eth9").env("CNI_PATH", "/opt/cni/bin")
                    .env("CNI_ARGS", "IgnoreUnknown=1;K8S_POD_NAMESPACE=default;K8S_POD_NAME=attack");
            for (Map.Entry<String, String> variable : variables.entrySet()) {
                call = call.env(variable.getKey(), variable.getValue());
            }
            Program.Outcome outcome = call.stdin(Json.compact(plugin)).run();
            findings.stopped("ADD with " + what, !outcome.succeeded(), "it was done: " + outcome.said());
        });
        findings.stopped("interfaces that such calls leave", interfaces(host) == before, "there are " + (interfaces(host) - before) + " more");
    }

    private static int interfaces(Host host) {
        return (int) host.program("ip", "-o", "link").must().lines().count();
    }

    private static String shown(String name) {
        String line = name.replace("\n", "\\n");
        return line.length() > 24 ? line.substring(0, 24) + "…" : line;
    }
}
