package io.canal.controller;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.canal.controller.charm.Charm;
import io.canal.controller.charm.EndpointSpec;
import io.canal.controller.text.Trees;
import java.io.IOException;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;

/** A model's status as the document that {@code juju status --format json} prints, with its keys in its order. */
public final class StatusDocument {

    private static final DateTimeFormatter TIME =
            DateTimeFormatter.ofPattern("dd MMM yyyy HH:mm:ss'Z'", Locale.ENGLISH).withZone(ZoneOffset.UTC);
    private static final DateTimeFormatter CLOCK =
            DateTimeFormatter.ofPattern("HH:mm:ss'Z'", Locale.ROOT).withZone(ZoneOffset.UTC);

    private final ModelState state;
    private final ModelView view;

    private StatusDocument(ModelView view) {
        this.view = view;
        this.state = view.state();
    }

    /** The document of a model. */
    public static ObjectNode of(ModelView view) throws IOException {
        return new StatusDocument(view).document();
    }

    private ObjectNode document() throws IOException {
        ObjectNode document = Trees.object();
        ObjectNode model = document.putObject("model");
        model.put("name", state.name).put("type", "iaas").put("controller", "canal").put("cloud", "ssh");
        model.put("version", HookEnvironment.JUJU_VERSION);
        model.putObject("model-status").put("current", "available").put("since", TIME.format(view.taken()));
        ObjectNode machines = document.putObject("machines");
        state.machines.values().forEach(machine -> machines.set(machine.spec.id(), machine(machine)));
        ObjectNode applications = document.putObject("applications");
        for (ApplicationState application : state.applications.values()) {
            applications.set(application.name, application(application));
        }
        document.putObject("storage");
        document.putObject("controller").put("timestamp", CLOCK.format(view.taken()));
        return document;
    }

    private ObjectNode machine(MachineState machine) {
        ObjectNode document = Trees.object();
        boolean down = machine.status.status().equals("down");
        ObjectNode agent = document.putObject("juju-status");
        agent.put("current", machine.status.status());
        if (down) {
            agent.put("message", machine.status.message());
        }
        agent.put("since", TIME.format(machine.status.since())).put("life", "alive");
        document.put("hostname", machine.hostname);
        document.put("dns-name", machine.spec.address());
        document.set("ip-addresses", Trees.texts(List.of(machine.spec.address())));
        document.put("instance-id", "manual:" + machine.spec.address());
        document.putObject("machine-status")
                .put("current", "running")
                .put("message", "Manually provisioned machine")
                .put("since", TIME.format(machine.added))
                .put("life", "alive");
        document.putObject("modification-status");
        base(document, machine.base);
        machine.main().ifPresent(main -> {
            ObjectNode device = document.putObject("network-interfaces").putObject(main.device());
            ArrayNode addresses = device.putArray("ip-addresses");
            machine.addresses.stream()
                    .filter(address -> address.device().equals(main.device()))
                    .forEach(address -> addresses.add(address.address() + "/" + address.length()));
            device.put("mac-address", main.mac()).put("space", "alpha").put("is-up", true);
        });
        document.put("hardware", machine.hardware);
        return document;
    }

    private static void base(ObjectNode document, String base) {
        String[] parts = base.split("@", 2);
        if (parts.length == 2) {
            document.putObject("base").put("name", parts[0]).put("channel", parts[1]);
        }
    }

    private ObjectNode application(ApplicationState application) throws IOException {
        Charm charm = view.charms().get(application.digest);
        ObjectNode document = Trees.object();
        document.put("charm", "local:" + application.charmName + "-" + application.revision);
        base(document, charm.bases().getLast());
        document.put("charm-origin", "local");
        document.put("charm-name", application.charmName);
        document.put("charm-rev", application.revision);
        if (!charm.version().isEmpty()) {
            document.put("charm-version", charm.version());
        }
        document.put("exposed", false);
        document.put("life", application.dying ? "dying" : "alive");
        document.set("application-status", status(ModelView.applicationStatus(state, application, lost())));
        relations(document, application, charm);
        if (charm.isSubordinate()) {
            document.set("subordinate-to", Trees.texts(principals(application)));
        }
        List<UnitState> units = state.unitsOf(application.name).stream()
                .filter(unit -> unit.principal.isEmpty())
                .toList();
        if (!units.isEmpty()) {
            ObjectNode all = document.putObject("units");
            units.forEach(unit -> all.set(unit.name.toString(), unit(unit)));
        }
        if (!application.version.isEmpty()) {
            document.put("version", application.version);
        }
        ObjectNode bindings = document.putObject("endpoint-bindings");
        bindings.put("", "alpha");
        new TreeSet<>(charm.endpoints().keySet()).forEach(endpoint -> bindings.put(endpoint, "alpha"));
        return document;
    }

    /** What the units on machines that do not answer are said to be. */
    private Map<UnitName, Status> lost() {
        Map<UnitName, Status> lost = new TreeMap<>();
        for (UnitState unit : state.units.values()) {
            Status machine = state.machine(unit.machine).status;
            if (machine.status().equals("down")) {
                lost.put(unit.name, new Status("unknown", "agent lost: " + machine.message(), machine.since()));
            }
        }
        return lost;
    }

    private void relations(ObjectNode document, ApplicationState application, Charm charm) {
        Map<String, ArrayNode> lists = new TreeMap<>();
        for (RelationState relation : state.relationsOf(application.name)) {
            RelationState.End local = relation.local(application.name);
            EndpointSpec spec = charm.endpoints().get(local.endpoint());
            lists.computeIfAbsent(local.endpoint(), endpoint -> Trees.array())
                    .addObject()
                    .put("related-application", relation.remote(application.name).application())
                    .put("interface", local.interfaceName())
                    .put("scope", relation.container ? "container" : spec == null ? "global" : spec.scope());
        }
        if (!lists.isEmpty()) {
            ObjectNode relations = document.putObject("relations");
            lists.forEach(relations::set);
        }
    }

    private TreeSet<String> principals(ApplicationState subordinate) {
        TreeSet<String> principals = new TreeSet<>();
        state.relationsOf(subordinate.name).stream()
                .filter(relation -> relation.container && !relation.isPeer())
                .forEach(relation -> principals.add(relation.remote(subordinate.name).application()));
        return principals;
    }

    private static ObjectNode status(Status status) {
        ObjectNode document = Trees.object();
        document.put("current", status.status());
        if (!status.message().isEmpty()) {
            document.put("message", status.message());
        }
        return document.put("since", TIME.format(status.since()));
    }

    private ObjectNode unit(UnitState unit) {
        ObjectNode document = Trees.object();
        Status lost = lost().get(unit.name);
        Instant since = lost == null ? unit.agent.since() : lost.since();
        document.set("workload-status", status(lost == null ? ModelView.workload(unit) : lost));
        ObjectNode agent = status(lost == null ? unit.agent : new Status("lost", "", since));
        document.set("juju-status", agent.put("version", HookEnvironment.JUJU_VERSION));
        if (state.isLeader(unit.name)) {
            document.put("leader", true);
        }
        if (unit.principal.isEmpty()) {
            document.put("machine", unit.machine);
        }
        if (!unit.ports.isEmpty()) {
            document.set("open-ports", Trees.texts(unit.ports.keySet().stream().map(PortRange::toString).toList()));
        }
        document.put("public-address", state.machine(unit.machine).spec.address());
        List<UnitState> subordinates = state.units.values().stream()
                .filter(other -> other.principal.filter(unit.name::equals).isPresent())
                .toList();
        if (!subordinates.isEmpty()) {
            ObjectNode all = document.putObject("subordinates");
            subordinates.forEach(subordinate -> all.set(subordinate.name.toString(), unit(subordinate)));
        }
        return document;
    }
}
