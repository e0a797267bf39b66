package io.canal.controller;

import java.util.Map;
import java.util.TreeMap;

/** The environment of a hook, built from scratch as Juju 4.0 builds it. Pure. */
final class HookEnvironment {

    /** The version of Juju whose contract hooks meet here. */
    static final String JUJU_VERSION = "4.0.15";

    private static final String AGENTS = "/var/lib/juju/agents/";

    private HookEnvironment() {}

    static String unitFolder(UnitName unit) {
        return AGENTS + unit.tag();
    }

    static String charmFolder(UnitName unit) {
        return unitFolder(unit) + "/charm";
    }

    static String socket(UnitName unit) {
        return unitFolder(unit) + "/agent.socket";
    }

    static String tools(UnitName unit) {
        return UnitProgram.TOOLS + "/" + unit.tag();
    }

    static Map<String, String> of(ModelState state, UnitState unit, Hook hook, String contextId) {
        Map<String, String> env = new TreeMap<>();
        String charm = charmFolder(unit.name);
        env.put("APT_LISTCHANGES_FRONTEND", "none");
        env.put("CHARM_DIR", charm);
        env.put("CLOUD_API_VERSION", "");
        env.put("DEBIAN_FRONTEND", "noninteractive");
        env.put("JUJU_AGENT_SOCKET_ADDRESS", socket(unit.name));
        env.put("JUJU_AGENT_SOCKET_NETWORK", "unix");
        env.put("JUJU_API_ADDRESSES", "");
        env.put("JUJU_AVAILABILITY_ZONE", "");
        env.put("JUJU_CHARM_DIR", charm);
        env.put("JUJU_CHARM_FTP_PROXY", "");
        env.put("JUJU_CHARM_HTTPS_PROXY", "");
        env.put("JUJU_CHARM_HTTP_PROXY", "");
        env.put("JUJU_CHARM_NO_PROXY", "127.0.0.1,localhost,::1");
        env.put("JUJU_CHARM_TRACE_CONFIG_CA_CERT", "");
        env.put("JUJU_CHARM_TRACE_CONFIG_GRPC", "");
        env.put("JUJU_CHARM_TRACE_CONFIG_HTTP", "");
        env.put("JUJU_CONTEXT_ID", contextId);
        env.put("JUJU_HOOK_NAME", hook.kind().isTask() ? "" : hook.name());
        env.put("JUJU_MACHINE_ID", unit.machine);
        env.put("JUJU_MODEL_NAME", state.name);
        env.put("JUJU_MODEL_UUID", state.uuid);
        env.put("JUJU_PRINCIPAL_UNIT", unit.principal.map(UnitName::toString).orElse(""));
        env.put("JUJU_UNIT_NAME", unit.name.toString());
        env.put("JUJU_VERSION", JUJU_VERSION);
        env.put("LANG", "C.UTF-8");
        env.put("PATH", tools(unit.name) + ":/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
        env.put("TERM", "tmux-256color");
        if (hook.kind().isRelation()) {
            env.put("JUJU_RELATION", hook.endpoint());
            env.put("JUJU_RELATION_ID", hook.endpoint() + ":" + hook.relation());
            env.put("JUJU_REMOTE_UNIT", hook.remoteUnit());
            env.put("JUJU_REMOTE_APP", hook.remoteApp());
            if (hook.kind() == Hook.Kind.DEPARTED) {
                env.put("JUJU_DEPARTING_UNIT", hook.departing());
            }
        }
        if (hook.kind().isTask()) {
            String action = state.task(hook.task()).map(task -> task.action).orElse("");
            env.put("JUJU_ACTION_NAME", action);
            env.put("JUJU_ACTION_TAG", "action-" + hook.task());
            env.put("JUJU_ACTION_UUID", hook.task());
            if (hook.kind() == Hook.Kind.ACTION) {
                env.put("JUJU_DISPATCH_PATH", "actions/" + action);
            }
        } else {
            env.put("JUJU_DISPATCH_PATH", "hooks/" + hook.name());
        }
        return env;
    }
}
