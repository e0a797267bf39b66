package io.canal.cni;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.canal.control.FrameServer;
import io.canal.model.Cidr;
import io.canal.model.Json;
import io.canal.model.LocalEndpoint;
import io.canal.model.NodePaths;
import io.canal.reconcile.Applied;
import io.canal.reconcile.ApplyLoop;
import io.canal.reconcile.Clock;
import io.canal.reconcile.Pass;
import io.canal.reconcile.Stage;
import io.canal.reconcile.StageFailed;
import io.canal.reconcile.Table;
import io.canal.store.MemoryStore;
import io.canal.store.Store;
import io.canal.store.StoreException;
import io.canal.store.Txn;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/**
 * A process with the plugin's server, a store in memory and a ruleset that only remembers; started by {@link TestHost} in a
 * namespace, and told by a second socket what shall happen.
 */
final class TestAgent {

    private final MemoryStore store = new MemoryStore(Clock.system());
    private final Table<String, LocalEndpoint> endpoints = new Table<>("endpoints");
    private volatile String[] subnets = {"10.1.49.0/24"};
    private volatile long generation = 1;
    private volatile String notAttachable = "";
    private volatile String rulesFail = "";
    private volatile String haltAt = "";
    private volatile String changeLeaseAt = "";
    private volatile CountDownLatch rulesHeld = new CountDownLatch(0);
    private volatile Map<String, LocalEndpoint> rules = Map.of();
    private volatile Path etcdOfHalted = Path.of("");

    private TestAgent() {}

    /** Argument: the folder that stands for the root. */
    public static void main(String[] arguments) throws Exception {
        new TestAgent().run(new NodePaths(Path.of(arguments[0])));
    }

    private void run(NodePaths paths) throws Exception {
        etcdOfHalted = paths.at("etcd-of-halted.json");
        if (Files.exists(etcdOfHalted)) {
            Json.object("etcd", Files.readString(etcdOfHalted)).orThrow().properties().forEach(key -> put(key.getKey(), key.getValue().asText()));
            Files.delete(etcdOfHalted);
        }
        ApplyLoop loop = new ApplyLoop(Clock.system(), List.of(new Rules()), () -> true, applied -> {});
        CniServer server = new CniServer(paths, new TestNode(), loop, endpoints, store, Clock.system(), this::reached);
        Map<String, LocalEndpoint> known = server.known();
        loop.write(() -> endpoints.replace(known));
        loop.start();
        loop.applied(1).toCompletableFuture().get(60, TimeUnit.SECONDS);
        server.start();
        try (FrameServer orders = FrameServer.listen(paths.at("run/canal/test.sock"), text -> Json.compact(order(Json.object("order", text).orThrow(), server)));
                FrameServer plugin = FrameServer.listenForNativeWork(paths.cniSocket(), server::answer)) {
            System.out.println("ready");
            System.in.read();
        }
        System.exit(0);
    }

    private ObjectNode order(ObjectNode order, CniServer server) {
        ObjectNode reply = Json.object();
        switch (order.path("op").asText()) {
            case "lease" -> {
                subnets = Stream.of(order.path("subnets").asText().split(",")).toArray(String[]::new);
                generation++;
            }
            case "not-attachable" -> notAttachable = order.path("reason").asText();
            case "rules-fail" -> rulesFail = order.path("reason").asText();
            case "hold-rules" -> rulesHeld = new CountDownLatch(1);
            case "release-rules" -> rulesHeld.countDown();
            case "halt-at" -> haltAt = order.path("step").asText();
            case "change-lease-at" -> changeLeaseAt = order.path("step").asText();
            case "etcd" -> {
                store.available(order.path("available").asBoolean());
                server.storeBack();
            }
            case "publish" -> server.publish();
            case "reset" -> {
                subnets = new String[] {"10.1.49.0/24"};
                generation++;
                notAttachable = "";
                rulesFail = "";
                haltAt = "";
                changeLeaseAt = "";
                rulesHeld.countDown();
                store.available(true);
                server.storeBack();
                list("/calico").forEach(entry -> remove(entry.key()));
            }
            case "put" -> put(order.path("key").asText(), order.path("value").asText());
            case "dump" -> {
                ObjectNode keys = reply.putObject("keys");
                list("/").forEach(entry -> keys.put(entry.key(), entry.value()));
            }
            case "rules" -> {
                ArrayNode rows = reply.putArray("rows");
                rules.keySet().forEach(rows::add);
            }
            case "waiting" -> reply.put("waiting", server.waitingWrites());
            default -> throw new IllegalArgumentException(order.toString());
        }
        return reply;
    }

    private void put(String key, String value) {
        try {
            long revision = store.get(key).map(Store.Entry::modRevision).orElse(0L);
            store.commit(Txn.when().at(key, revision).put(key, value, 0));
        } catch (StoreException failure) {
            throw new AssertionError(failure);
        }
    }

    private void remove(String key) {
        try {
            store.commit(Txn.when().delete(key));
        } catch (StoreException failure) {
            throw new AssertionError(failure);
        }
    }

    private List<Store.Entry> list(String prefix) {
        try {
            return store.list(prefix).entries();
        } catch (StoreException failure) {
            throw new AssertionError(failure);
        }
    }

    private void reached(Step step) {
        if (step.name().equals(haltAt)) {
            // As kill -9: nothing is closed, nothing is undone. Only etcd lives on.
            ObjectNode keys = Json.object();
            list("/").forEach(entry -> keys.put(entry.key(), entry.value()));
            try {
                Files.writeString(etcdOfHalted, Json.compact(keys));
            } catch (IOException failure) {
                throw new UncheckedIOException(failure);
            }
            Runtime.getRuntime().halt(137);
        }
        if (step.name().equals(changeLeaseAt)) {
            subnets = new String[] {"10.1.94.0/24"};
            generation++;
        }
    }

    private final class TestNode implements Node {

        @Override
        public Attachable attachable() {
            return notAttachable.isEmpty()
                    ? new Attachable.Yes(Stream.of(subnets).map(Cidr::of).toList(), generation)
                    : new Attachable.No(notAttachable);
        }

        @Override
        public boolean isCutOff() {
            return notAttachable.contains("taken");
        }

        @Override
        public int mtu() {
            return 1450;
        }

        @Override
        public String nodename() {
            return "node-1";
        }

        @Override
        public Optional<String> unprotected(Applied applied) {
            return Optional.ofNullable(applied.failures().get("rules"));
        }
    }

    private final class Rules implements Stage {

        @Override
        public String name() {
            return "rules";
        }

        @Override
        public void run(Pass pass) throws StageFailed {
            try {
                rulesHeld.await();
            } catch (InterruptedException interrupted) {
                Thread.currentThread().interrupt();
            }
            if (!rulesFail.isEmpty()) {
                throw new StageFailed(rulesFail);
            }
            rules = Map.copyOf(endpoints.rows());
        }
    }
}
