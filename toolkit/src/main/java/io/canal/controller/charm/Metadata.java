package io.canal.controller.charm;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** What {@code metadata.yaml} and {@code manifest.yaml} say, by the rules of Juju 4. */
record Metadata(
        String name,
        boolean subordinate,
        Map<String, EndpointSpec> endpoints,
        Map<String, String> resources,
        List<String> bases) {

    static Metadata parse(String text, Optional<String> manifest) throws CharmException {
        YamlFile file = YamlFile.parse("metadata.yaml", text);
        String name = file.requiredText("name");
        file.requiredText("summary");
        file.requiredText("description");
        if (file.root().containsKey("series")) {
            for (String newer : List.of("assumes", "containers", "charm-user")) {
                if (file.root().containsKey(newer)) {
                    throw new CharmException(
                            "ambiguous metadata: keys \"series\" cannot be used with \"" + newer + "\"");
                }
            }
        }
        List<String> bases = manifest.isPresent() ? bases(manifest.get()) : List.of();
        if (bases.isEmpty()) {
            throw new CharmException("charm metadata without bases in manifest not valid");
        }
        boolean subordinate = file.flag("subordinate");
        Map<String, EndpointSpec> endpoints = endpoints(name, subordinate, file);
        if (subordinate && endpoints.values().stream()
                .noneMatch(e -> e.role() == EndpointSpec.Role.REQUIRES && e.container())) {
            throw new CharmException(
                    "subordinate charm \"" + name + "\" lacks \"requires\" relation with container scope");
        }
        endpoints.put("juju-info", new EndpointSpec("juju-info", EndpointSpec.Role.PROVIDES, "juju-info", false, 0));
        return new Metadata(name, subordinate, Map.copyOf(endpoints), resources(file), bases);
    }

    private static List<String> bases(String manifest) throws CharmException {
        List<String> bases = new ArrayList<>();
        for (Object entry : YamlFile.parse("manifest.yaml", manifest).list("bases")) {
            if (!(entry instanceof Map<?, ?> base)
                    || !(base.get("name") instanceof String name)
                    || base.get("channel") == null) {
                throw new CharmException("manifest: bases: expected a map with name and channel, got "
                        + (entry == null ? "nothing" : YamlFile.kind(entry)));
            }
            String channel = String.valueOf(base.get("channel"));
            bases.add(name + "@" + channel.split("/", 2)[0]);
        }
        return List.copyOf(bases);
    }

    private static Map<String, EndpointSpec> endpoints(String charm, boolean subordinate, YamlFile file)
            throws CharmException {
        Map<String, EndpointSpec> all = new LinkedHashMap<>();
        for (EndpointSpec.Role role : EndpointSpec.Role.values()) {
            String key = switch (role) {
                case PEER -> "peers";
                case PROVIDES -> "provides";
                case REQUIRES -> "requires";
            };
            for (Map.Entry<String, Object> entry : file.map(key).entrySet()) {
                EndpointSpec endpoint = endpoint(key, role, entry.getKey(), entry.getValue());
                requireUnreserved(charm, subordinate, endpoint);
                if (all.put(endpoint.name(), endpoint) != null) {
                    throw new CharmException(
                            "charm \"" + charm + "\" using a duplicated relation name: \"" + endpoint.name() + "\"");
                }
            }
        }
        return all;
    }

    private static EndpointSpec endpoint(String key, EndpointSpec.Role role, String name, Object value)
            throws CharmException {
        String where = "metadata: " + key + "." + name;
        if (value instanceof String shorthand) {
            return new EndpointSpec(name, role, shorthand, false, 0);
        }
        if (!(value instanceof Map<?, ?> map) || !(map.get("interface") instanceof String interfaceName)) {
            throw new CharmException(where + ".interface: expected string, got "
                    + (value instanceof Map<?, ?> map && map.get("interface") != null
                            ? YamlFile.kind(map.get("interface"))
                            : "nothing"));
        }
        Object scope = map.get("scope");
        if (scope != null && !scope.equals("global") && !scope.equals("container")) {
            throw new CharmException(where + ".scope: unexpected value " + YamlFile.kind(scope));
        }
        Object limit = map.get("limit");
        if (limit != null && !(limit instanceof Integer)) {
            throw new CharmException(where + ".limit: expected int, got " + YamlFile.kind(limit));
        }
        return new EndpointSpec(
                name, role, interfaceName, "container".equals(scope), limit instanceof Integer number ? number : 0);
    }

    private static void requireUnreserved(String charm, boolean subordinate, EndpointSpec endpoint)
            throws CharmException {
        if (charm.startsWith("juju-")
                || subordinate && endpoint.role() == EndpointSpec.Role.REQUIRES && endpoint.container()) {
            return;
        }
        if (isReserved(endpoint.name())) {
            throw new CharmException(
                    "charm \"" + charm + "\" using a reserved relation name: \"" + endpoint.name() + "\"");
        }
        if (endpoint.role() != EndpointSpec.Role.REQUIRES && isReserved(endpoint.interfaceName())) {
            throw new CharmException("charm \"" + charm + "\" relation \"" + endpoint.name()
                    + "\" using a reserved interface: \"" + endpoint.interfaceName() + "\"");
        }
    }

    private static boolean isReserved(String name) {
        return name.equals("juju") || name.startsWith("juju-");
    }

    private static Map<String, String> resources(YamlFile file) throws CharmException {
        Map<String, String> resources = new LinkedHashMap<>();
        for (Map.Entry<String, Object> entry : file.map("resources").entrySet()) {
            Map<?, ?> spec = entry.getValue() instanceof Map<?, ?> map ? map : Map.of();
            Object type = spec.get("type");
            if (type != null && !type.equals("file") && !type.equals("oci-image")) {
                throw new CharmException("unsupported resource type \"" + type + "\"");
            }
            if ("oci-image".equals(type)) {
                continue;
            }
            if (!(spec.get("filename") instanceof String name) || name.isEmpty()) {
                throw new CharmException("resource missing filename");
            }
            if (name.contains("/")) {
                throw new CharmException("filename cannot contain \"/\" (got \"" + name + "\")");
            }
            resources.put(entry.getKey(), name);
        }
        return Map.copyOf(resources);
    }
}
