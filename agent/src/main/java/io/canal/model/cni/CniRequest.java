package io.canal.model.cni;

import io.canal.model.Mac;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * A call of the plugin, from its environment. The checks and their words are those of the reference library.
 *
 * @param netns the path of the pod's network namespace; may be empty for DEL
 * @param interfaceInPod the name that the interface in the pod shall have
 * @param args the pairs of CNI_ARGS
 */
public record CniRequest(Command command, String containerId, String netns, String interfaceInPod, Map<String, String> args) {

    private static final Pattern CONTAINER_ID = Pattern.compile("[a-zA-Z0-9][a-zA-Z0-9_.\\-]*");
    private static final int LONGEST_INTERFACE = 15;
    private static final List<String> POD_ARGS = List.of("K8S_POD_NAMESPACE", "K8S_POD_NAME");

    /** What the plugin can be called for. VERSION is the client's own affair. */
    public enum Command {
        ADD("CNI_CONTAINERID", "CNI_NETNS", "CNI_IFNAME", "CNI_PATH"),
        DEL("CNI_CONTAINERID", "CNI_IFNAME", "CNI_PATH"),
        CHECK("CNI_CONTAINERID", "CNI_NETNS", "CNI_IFNAME", "CNI_PATH"),
        STATUS("CNI_PATH"),
        GC("CNI_PATH"),
        /** Not of the specification: the plugin's flag -t. */
        TEST();

        private final List<String> required;

        Command(String... required) {
            this.required = List.of(required);
        }

        private boolean concernsContainer() {
            return required.contains("CNI_CONTAINERID");
        }
    }

    public CniRequest {
        args = Map.copyOf(args);
    }

    public static CniRequest of(Map<String, String> environment) throws CniRefused {
        Command command = command(environment.getOrDefault("CNI_COMMAND", ""));
        List<String> missing = command.required.stream().filter(name -> environment.getOrDefault(name, "").isEmpty()).toList();
        if (!missing.isEmpty()) {
            throw new CniRefused(CniError.INVALID_ENVIRONMENT, "required env variables [" + String.join(",", missing) + "] missing");
        }
        String containerId = environment.getOrDefault("CNI_CONTAINERID", "");
        String interfaceInPod = environment.getOrDefault("CNI_IFNAME", "");
        if (command.concernsContainer()) {
            checkContainerId(containerId);
            checkInterface(interfaceInPod);
        }
        return new CniRequest(command, containerId, environment.getOrDefault("CNI_NETNS", ""), interfaceInPod,
                command == Command.DEL ? lenient(environment) : args(environment.getOrDefault("CNI_ARGS", "")));
    }

    /** A pod of Kubernetes. */
    public record Pod(String namespace, String name) {}

    /** The pod, where the runtime gives both its namespace and its name. */
    public Optional<Pod> pod() {
        String namespace = args.getOrDefault("K8S_POD_NAMESPACE", "");
        String name = args.getOrDefault("K8S_POD_NAME", "");
        return namespace.isEmpty() || name.isEmpty() ? Optional.empty() : Optional.of(new Pod(namespace, name));
    }

    /** The MAC address that the runtime asks for in CNI_ARGS. */
    public Optional<Mac> mac() {
        return Mac.parse(args.getOrDefault("MAC", ""));
    }

    private static Command command(String text) throws CniRefused {
        for (Command command : Command.values()) {
            if (command.name().equals(text)) {
                return command;
            }
        }
        throw new CniRefused(CniError.INVALID_ENVIRONMENT, "unknown CNI_COMMAND: " + text);
    }

    private static void checkContainerId(String id) throws CniRefused {
        if (!CONTAINER_ID.matcher(id).matches()) {
            throw new CniRefused(new CniError(CniError.INVALID_ENVIRONMENT, "invalid characters in containerID", id));
        }
    }

    private static void checkInterface(String name) throws CniRefused {
        if (name.getBytes(StandardCharsets.UTF_8).length > LONGEST_INTERFACE) {
            throw new CniRefused(new CniError(CniError.INVALID_ENVIRONMENT, "interface name is too long",
                    "interface name should be less than " + (LONGEST_INTERFACE + 1) + " characters"));
        }
        if (name.equals(".") || name.equals("..")) {
            throw new CniRefused(CniError.INVALID_ENVIRONMENT, "interface name is . or ..");
        }
        if (name.chars().anyMatch(c -> c == '/' || c == ':' || Character.isWhitespace(c) || Character.isSpaceChar(c) || Character.isISOControl(c))) {
            throw new CniRefused(CniError.INVALID_ENVIRONMENT, "interface name contains / or : or whitespace characters");
        }
    }

    /** As upstream, unknown keys are allowed whatever IgnoreUnknown says. */
    private static Map<String, String> args(String text) throws CniRefused {
        Map<String, String> args = new LinkedHashMap<>();
        if (text.isEmpty()) {
            return args;
        }
        for (String pair : text.split(";", -1)) {
            String[] parts = pair.split("=", -1);
            if (parts.length != 2) {
                throw new CniRefused(CniError.INVALID_ENVIRONMENT, "ARGS: invalid pair \"" + pair + "\"");
            }
            if (POD_ARGS.contains(parts[0]) && !CONTAINER_ID.matcher(parts[1]).matches() && !parts[1].isEmpty()) {
                throw new CniRefused(CniError.INVALID_ENVIRONMENT, "ARGS: " + parts[0] + " is \"" + parts[1] + "\", expected a Kubernetes name");
            }
            if (parts[0].equals("MAC") && !parts[1].isEmpty() && !PluginConfig.isUnicast(parts[1])) {
                throw new CniRefused(CniError.INVALID_ENVIRONMENT, "ARGS: MAC is \"" + parts[1] + "\", expected " + PluginConfig.UNICAST);
            }
            args.put(parts[0], parts[1]);
        }
        return args;
    }

    /** A DEL must not fail for what ADD would refuse. */
    private static Map<String, String> lenient(Map<String, String> environment) {
        Map<String, String> args = new LinkedHashMap<>();
        for (String pair : environment.getOrDefault("CNI_ARGS", "").split(";", -1)) {
            try {
                args.putAll(args(pair));
            } catch (CniRefused wrongPair) {
                continue;
            }
        }
        return args;
    }
}
