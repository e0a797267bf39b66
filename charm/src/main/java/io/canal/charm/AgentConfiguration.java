package io.canal.charm;

import com.fasterxml.jackson.databind.node.TextNode;
import io.canal.config.AgentConfig;
import io.canal.config.PolicyOptions;
import io.canal.config.EtcdConfig;
import io.canal.model.Decoded;
import io.canal.model.Json;
import io.canal.model.NodePaths;
import io.canal.model.Problem;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.HashMap;
import java.util.Map;

/** {@code /etc/canal/agent.yaml}: rendered from its template, read back, and written only if that says what was meant. */
record AgentConfiguration(Templates templates, NodePaths node) {

    private static final String SECRET = "rw-------";

    /**
     * Has what reads and renders it loaded while the hook waits for Juju's answers: it is a third of what a hook costs that changes
     * the configuration, and most hooks change none.
     */
    void expectChange() {
        Thread.ofPlatform().daemon().name("expect change").start(() -> {
            try {
                templates.load();
                AgentConfig.parse(node.agentYaml().toString(), NodeFile.text(node.agentYaml()));
            } catch (IOException | RuntimeException again) {
                // Whoever writes the configuration meets it too, and says so.
            }
        });
    }

    /** Writes it unless it says just that; whether that changed anything. */
    boolean write(AgentConfig config) throws IOException {
        String path = node.agentYaml().toString();
        String there = NodeFile.text(node.agentYaml());
        if (isSecret() && (isKnown(there, config) || AgentConfig.parse(path, there).equals(Decoded.good(config)))) {
            know(there, config);
            return false;
        }
        String text = render(config);
        switch (AgentConfig.parse(path, text)) {
            case Decoded.Bad<AgentConfig>(Problem problem) -> throw new IOException(problem.sentence());
            case Decoded.Good<AgentConfig>(AgentConfig read) when !read.equals(config) ->
                throw new IOException("templates/agent.yaml.ftl does not say what the charm means: " + read + " instead of " + config);
            case Decoded.Good<AgentConfig> _ -> {}
        }
        boolean changed = NodeFile.put(node.agentYaml(), text, SECRET);
        know(text, config);
        return changed;
    }

    /** Whether a hook before this one has read just this text, and found that it means this: to read YAML is a tenth of what a hook costs. */
    private boolean isKnown(String text, AgentConfig config) throws IOException {
        return NodeFile.text(known()).equals(knowledge(text, config));
    }

    private void know(String text, AgentConfig config) throws IOException {
        NodeFile.put(known(), knowledge(text, config), SECRET);
    }

    /** Of this program's: another may read the same text in another way. */
    private String knowledge(String text, AgentConfig config) throws IOException {
        return (NodeFile.text(templates.folder().resolveSibling("digest")) + "\n" + text.strip() + "\n---\n" + config.print()).strip();
    }

    private Path known() {
        return node.agentYaml().resolveSibling(".agent.yaml.known");
    }

    private boolean isSecret() throws IOException {
        return Files.exists(node.agentYaml())
                && PosixFilePermissions.toString(Files.getPosixFilePermissions(node.agentYaml())).equals(SECRET);
    }

    private String render(AgentConfig config) throws IOException {
        EtcdConfig etcd = config.etcd();
        Map<String, Object> values = new HashMap<>();
        values.put("unit", quoted(config.unit()));
        values.put("nodename", quoted(config.nodename()));
        values.put("endpoints", etcd.endpoints().stream().map(AgentConfiguration::quoted).toList());
        values.put("ca", quoted(etcd.ca()));
        values.put("cert", quoted(etcd.cert()));
        values.put("key", quoted(etcd.key()));
        values.put("prefix", quoted(etcd.prefix()));
        values.put("iface", quoted(config.iface()));
        values.put("public_ip", quoted(config.publicIp().map(Object::toString).orElse("")));
        values.put("mtu", config.mtu());
        values.put("dataplane", config.dataplane().word());
        values.put("tx_checksum", quoted(config.txChecksum().word()));
        values.put("lease_ttl", config.leaseTtl().toSeconds());
        values.put("log_level", config.logLevel().word());
        values.put("listen", quoted(config.listen().toString()));
        values.put("kubeconfig", quoted(config.kubeconfig()));
        values.put("charm_dir", quoted(config.charmDir()));
        PolicyOptions policy = config.policy();
        values.put("endpoint_to_host", quoted(policy.endpointToHost().orElse("")));
        values.put("failsafe_inbound", quoted(PolicyOptions.text(policy.failsafeInbound())));
        values.put("failsafe_outbound", quoted(PolicyOptions.text(policy.failsafeOutbound())));
        values.put("ignore_loose_rpf", Boolean.toString(policy.ignoreLooseRpf()));
        values.put("log_prefix", quoted(policy.logPrefix().orElse("")));
        return templates.render("agent.yaml.ftl", values);
    }

    /** A string of JSON is one of YAML. */
    private static String quoted(String value) {
        return Json.compact(TextNode.valueOf(value));
    }
}
