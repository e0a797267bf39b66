package io.canal.controller;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.canal.controller.charm.Charm;
import io.canal.controller.hooktool.HookContext;
import io.canal.controller.hooktool.ToolException;
import io.canal.controller.text.Trees;
import io.canal.model.Cidr;
import io.canal.model.Ip;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;

/** One run of a hook over a snapshot of the model: reads come from it, writes are kept aside. */
final class RunContext implements HookContext {

    /** What acts at once, on the live model and the host. */
    interface Live {

        void setUnitStatus(String status, String message);

        void setApplicationStatus(String status, String message);

        void setApplicationVersion(String version);

        void log(String level, String message);

        String resource(String name) throws ToolException;

        void logAction(String message);
    }

    private final ModelState seen;
    private final UnitState unit;
    private final Hook hook;
    private final Charm charm;
    private final Live live;
    private final HookWrites writes = new HookWrites();
    private Status workload;
    private final ObjectNode results = Trees.object();
    private Optional<String> failure = Optional.empty();

    /**
     * A context.
     *
     * @param seen a copy of the state that nobody else changes
     */
    RunContext(ModelState seen, UnitName unit, Hook hook, Charm charm, Live live) {
        this.seen = seen;
        this.unit = seen.unit(unit);
        this.hook = hook;
        this.charm = charm;
        this.live = live;
        this.workload = this.unit.workload;
    }

    HookWrites writes() {
        return writes;
    }

    /** What the action has set. */
    ObjectNode results() {
        return results;
    }

    /** What the action said when it called action-fail. */
    Optional<String> failure() {
        return failure;
    }

    @Override
    public String unit() {
        return unit.name.toString();
    }

    private String application() {
        return unit.name.application();
    }

    @Override
    public String modelUuid() {
        return seen.uuid;
    }

    @Override
    public boolean isLeader() {
        return seen.isLeader(unit.name);
    }

    @Override
    public SortedMap<String, JsonNode> settings() {
        SortedMap<String, JsonNode> settings = new TreeMap<>();
        charm.options().values().forEach(option -> settings.put(option.name(), option.fallback()));
        seen.application(application()).settings.forEach((name, value) -> settings.replace(name, value));
        return settings;
    }

    @Override
    public Optional<Relation> hookRelation() {
        return hook.relation() < 0 ? Optional.empty() : relation(hook.relation());
    }

    @Override
    public Optional<String> remoteUnit() {
        return hook.remoteUnit().isEmpty() ? Optional.empty() : Optional.of(hook.remoteUnit());
    }

    @Override
    public Optional<Relation> relation(int id) {
        return Optional.ofNullable(seen.relations.get(id))
                .filter(relation -> relation.concerns(application()))
                .filter(relation -> {
                    Membership membership = unit.relations.get(id);
                    return membership == null || !membership.broken;
                })
                .map(this::view);
    }

    private Relation view(RelationState relation) {
        Membership membership = unit.relations.getOrDefault(relation.id, new Membership());
        TreeSet<String> units = new TreeSet<>();
        membership.joined.keySet().forEach(name -> units.add(name.toString()));
        if (hook.relation() == relation.id && hook.kind() == Hook.Kind.JOINED) {
            units.add(hook.remoteUnit());
        }
        if (hook.relation() == relation.id && hook.kind() == Hook.Kind.DEPARTED) {
            units.remove(hook.remoteUnit());
        }
        return new Relation(
                relation.id,
                relation.local(application()).endpoint(),
                relation.remote(application()).application(),
                List.copyOf(units),
                relation.isPeer());
    }

    @Override
    public List<Relation> relations(String endpoint) {
        return seen.relationsOf(application()).stream()
                .filter(relation -> relation.local(application()).endpoint().equals(endpoint))
                .filter(relation -> unit.relations.containsKey(relation.id) || hook.relation() == relation.id)
                .flatMap(relation -> relation(relation.id).stream())
                .toList();
    }

    @Override
    public Optional<Map<String, String>> unitBag(int relation, String name) {
        Optional<UnitName> wanted = UnitName.parse(name);
        if (wanted.isEmpty() || !seen.relation(relation).unitBags.containsKey(wanted.get())) {
            return Optional.empty();
        }
        Bag bag = seen.relation(relation).unitBag(wanted.get());
        Map<String, String> own = writes.unitBags.get(relation);
        return Optional.of(wanted.get().equals(unit.name) && own != null ? bag.with(own).values() : bag.values());
    }

    @Override
    public Optional<Map<String, String>> appBag(int id, String name) {
        RelationState relation = seen.relation(id);
        if (!relation.concerns(name)) {
            return Optional.empty();
        }
        if (name.equals(application()) && !relation.isPeer() && !isLeader()) {
            return Optional.of(Map.of());
        }
        Map<String, String> own = writes.appBags.get(id);
        Bag bag = relation.appBag(name);
        return Optional.of(name.equals(application()) && own != null ? bag.with(own).values() : bag.values());
    }

    @Override
    public void writeUnitBag(int relation, Map<String, String> values) {
        writes.unitBags.computeIfAbsent(relation, id -> new HashMap<>()).putAll(values);
    }

    @Override
    public void writeAppBag(int relation, Map<String, String> values) {
        writes.appBags.computeIfAbsent(relation, id -> new HashMap<>()).putAll(values);
    }

    private MachineState machine() {
        return seen.machine(unit.machine);
    }

    @Override
    public Optional<Network> network(String binding) {
        if (!binding.isEmpty() && !charm.endpoints().containsKey(binding)) {
            return Optional.empty();
        }
        String address = address();
        List<Device> devices = machine().main()
                .map(main -> new Device(main.device(), main.mac(), machine().addresses.stream()
                        .filter(other -> other.device().equals(main.device()))
                        .map(other -> new Address(other.address(), network(other.address(), other.length())))
                        .toList()))
                .stream()
                .toList();
        return Optional.of(new Network(
                devices, List.of(address), List.of(address + (address.contains(":") ? "/128" : "/32"))));
    }

    private static String network(String address, int length) {
        return Ip.parse(address)
                .map(ip -> Cidr.containing(ip, length).toString())
                .orElse(address + "/" + length);
    }

    @Override
    public String address() {
        return machine().spec.address();
    }

    private static StatusValue value(Status status) {
        return new StatusValue(status.status(), status.message(), status.since());
    }

    @Override
    public StatusValue unitStatus() {
        return value(workload);
    }

    @Override
    public void setUnitStatus(String status, String message) {
        workload = new Status(status, message, Instant.now());
        live.setUnitStatus(status, message);
    }

    @Override
    public StatusValue applicationStatus() {
        Map<UnitName, Status> own = Map.of(unit.name, workload);
        return value(ModelView.applicationStatus(seen, seen.application(application()), own));
    }

    @Override
    public SortedMap<String, StatusValue> unitStatuses() {
        SortedMap<String, StatusValue> statuses = new TreeMap<>();
        for (UnitState one : seen.unitsOf(application())) {
            statuses.put(one.name.toString(), value(one.name.equals(unit.name) ? workload : one.workload));
        }
        return statuses;
    }

    @Override
    public void setApplicationStatus(String status, String message) {
        seen.application(application()).status = Optional.of(new Status(status, message, Instant.now()));
        live.setApplicationStatus(status, message);
    }

    @Override
    public void setApplicationVersion(String version) {
        live.setApplicationVersion(version);
    }

    @Override
    public void log(String level, String message) {
        live.log(level, message);
    }

    @Override
    public SortedMap<String, SortedMap<String, StatusValue>> goals() {
        SortedMap<String, SortedMap<String, StatusValue>> goals = new TreeMap<>();
        for (RelationState relation : seen.relationsOf(application())) {
            if (relation.isPeer()) {
                continue;
            }
            String remote = relation.remote(application()).application();
            SortedMap<String, StatusValue> side =
                    goals.computeIfAbsent(relation.local(application()).endpoint(), endpoint -> new TreeMap<>());
            side.put(remote, new StatusValue(relation.dying ? "broken" : "joined", "", relation.since));
            for (UnitState other : seen.unitsOf(remote)) {
                Status status = other.workload;
                side.put(other.name.toString(),
                        new StatusValue(other.dying ? "dying" : status.status(), "", status.since()));
            }
        }
        return goals;
    }

    @Override
    public SortedMap<String, String> store() {
        SortedMap<String, String> store = new TreeMap<>(unit.store);
        writes.store.forEach((key, value) -> {
            if (value.isPresent()) {
                store.put(key, value.get());
            } else {
                store.remove(key);
            }
        });
        return store;
    }

    @Override
    public void writeStore(String key, Optional<String> value) {
        writes.store.put(key, value);
    }

    @Override
    public void addStorage(String name) {
        writes.storage.add(name);
    }

    private Map<PortRange, TreeSet<String>> ports() {
        if (writes.ports.isEmpty()) {
            Map<PortRange, TreeSet<String>> copy = new TreeMap<>();
            unit.ports.forEach((range, endpoints) -> copy.put(range, new TreeSet<>(endpoints)));
            writes.ports = Optional.of(copy);
        }
        return writes.ports.get();
    }

    @Override
    public List<OpenPorts> openPorts() {
        List<OpenPorts> open = new ArrayList<>();
        writes.ports.orElse(unit.ports).forEach((range, endpoints) -> open.add(new OpenPorts(
                range.toString(), endpoints.contains("") ? List.of() : List.copyOf(endpoints))));
        return open;
    }

    @Override
    public void openPort(String text, List<String> endpoints) throws ToolException {
        TreeSet<String> open = ports().computeIfAbsent(range(text), range -> new TreeSet<>());
        open.addAll(endpoints.isEmpty() ? List.of("") : endpoints);
    }

    @Override
    public void closePort(String text, List<String> endpoints) throws ToolException {
        PortRange range = range(text);
        if (endpoints.isEmpty()) {
            ports().remove(range);
        } else {
            ports().computeIfPresent(range, (key, open) -> {
                endpoints.forEach(open::remove);
                return open.isEmpty() ? null : open;
            });
        }
    }

    private static PortRange range(String text) throws ToolException {
        try {
            return PortRange.parse(text);
        } catch (PortRange.Invalid e) {
            throw ToolException.usage(String.valueOf(e.getMessage()));
        }
    }

    @Override
    public String resource(String name) throws ToolException {
        return live.resource(name);
    }

    @Override
    public Optional<ObjectNode> actionParams() {
        if (!hook.kind().isTask()) {
            return Optional.empty();
        }
        return seen.task(hook.task()).map(task -> {
            if (hook.kind() == Hook.Kind.EXEC) {
                return Trees.object().put("command", CommandWords.line(task.command)).put("timeout", 3e11);
            }
            return task.params;
        });
    }

    @Override
    public void setActionResult(List<String> keys, String value) {
        ObjectNode at = results;
        for (String key : keys.subList(0, keys.size() - 1)) {
            JsonNode child = at.get(key);
            at = child instanceof ObjectNode object ? object : at.putObject(key);
        }
        at.put(keys.getLast(), value);
    }

    @Override
    public void failAction(String message) {
        failure = Optional.of(message);
    }

    @Override
    public void logAction(String message) {
        live.logAction(message);
    }
}
