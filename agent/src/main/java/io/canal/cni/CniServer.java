package io.canal.cni;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.canal.ipam.HostLocal;
import io.canal.model.Decoded;
import io.canal.model.Decoded.Bad;
import io.canal.model.Decoded.Good;
import io.canal.model.Json;
import io.canal.model.LocalEndpoint;
import io.canal.model.NodePaths;
import io.canal.model.cni.CniError;
import io.canal.model.cni.CniRefused;
import io.canal.model.cni.CniRequest;
import io.canal.model.cni.CniVersion;
import io.canal.model.cni.PluginConfig;
import io.canal.reconcile.ApplyLoop;
import io.canal.reconcile.Clock;
import io.canal.reconcile.Table;
import io.canal.store.Store;
import java.io.IOException;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Does what the CNI plugin is called for. {@link #answer} takes a frame's text and gives the reply's; it is called from many
 * threads, and always answers.
 *
 * <p>Frames: {@code {"v":1,"env":{…},"stdin":"…"}} and {@code {"v":1,"code":0,"stdout":"…","stderr":"…"}}. Version 0, the one before
 * the first, does not exist; when there is a version 2, version 1 goes on to be answered.
 */
public final class CniServer implements AutoCloseable {

    private static final Logger log = LoggerFactory.getLogger(CniServer.class);
    private static final int FRAME = 1;

    private final Node node;
    private final Attachments attachments;
    private final Spool spool;
    private final HostLinks links = new HostLinks();
    private final Adder adder;
    private final Deleter deleter;
    private final Inspector inspector;
    private final Publisher publisher;

    /**
     * Reads the journal. Must be called in the network namespace that is to be served. Nothing is changed before {@link #start}.
     *
     * @param loop whose thread the table belongs to
     * @param endpoints where the rows of what may talk go
     */
    public CniServer(NodePaths paths, Node node, ApplyLoop loop, Table<String, LocalEndpoint> endpoints, Store store, Clock clock) throws IOException {
        this(paths, node, loop, endpoints, store, clock, step -> {});
    }

    CniServer(NodePaths paths, Node node, ApplyLoop loop, Table<String, LocalEndpoint> endpoints, Store store, Clock clock, Step.Listener steps)
            throws IOException {
        this.node = node;
        Journal journal = new Journal(paths.endpointJournal());
        attachments = new Attachments(journal.load());
        spool = new Spool(paths.spool(), store, clock);
        Durable.sweep(paths.endpointJournal(), clock.now());
        Durable.sweep(paths.spool(), clock.now());
        HostLocal ipam = new HostLocal(paths.hostLocalDir());
        Leaks leaks = new Leaks(ipam, attachments, paths.cniResults(), Boot.id(), new Begun(paths.runDir(), Boot.id(), clock), clock);
        Kit kit = new Kit(node, ipam, journal, attachments, leaks, spool, links, new Rows(loop, endpoints),
                new Locks(), Boot.id(), clock, steps);
        deleter = new Deleter(kit);
        adder = new Adder(kit, deleter);
        publisher = new Publisher(kit, adder, deleter, new HostPorts(paths.cniBinDir(), paths.cniResults(), attachments, kit.boot()));
        inspector = new Inspector(kit, deleter);
    }

    /**
     * What may talk, from the journal, by the host's interface: to be put into the table before the loop's first pass, so that a
     * restart cuts nobody off.
     */
    public Map<String, LocalEndpoint> known() {
        Map<String, LocalEndpoint> rows = new HashMap<>();
        String boot = Boot.id();
        for (Journal.Entry entry : attachments.all()) {
            if (entry.up() && entry.attachment().boot().equals(boot) && attachments.owns(entry.attachment())) {
                rows.put(entry.attachment().hostInterface(), entry.attachment().row());
            }
        }
        return rows;
    }

    /** Whether the journal has an ADD on this interface that has not ended well: nothing may open it. */
    public boolean staysClosed(String hostInterface) {
        return attachments.ownerOf(hostInterface).map(Attachment::id).flatMap(attachments::get).filter(entry -> !entry.up()).isPresent();
    }

    /** Begins to carry out the writes that wait for etcd, and to keep memory and etcd in step with the journal. */
    public void start() {
        spool.start();
        publisher.start();
        publish();
    }

    /** Has the endpoints of all that is attached handed in anew: etcd may have been replaced or restored. What is right there stays. */
    public void publish() {
        publisher.publish();
    }

    /** etcd is within reach again: do not wait longer. */
    public void storeBack() {
        spool.hurry();
    }

    /** How many writes wait for etcd. */
    public int waitingWrites() {
        return spool.size();
    }

    @Override
    public void close() {
        publisher.close();
        spool.close();
        links.close();
    }

    /** Answers one frame. */
    public String answer(String text) {
        return Json.compact(switch (Json.object("request", text)) {
            case Bad<ObjectNode>(var problem) -> refused(new CniError(CniError.DECODING_FAILURE, problem.sentence()));
            case Good<ObjectNode>(ObjectNode request) -> answer(request);
        });
    }

    private ObjectNode answer(ObjectNode frame) {
        if (frame.path("v").asInt() != FRAME) {
            return refused(new CniError(CniError.TRY_AGAIN_LATER, "the plugin speaks version " + frame.path("v") + " of canal's frames, the agent " + FRAME
                    + ": one of them has not been upgraded yet"));
        }
        Map<String, String> environment = new LinkedHashMap<>();
        frame.path("env").properties().forEach(variable -> environment.put(variable.getKey(), variable.getValue().asText()));
        long start = System.nanoTime();
        String what = environment.getOrDefault("CNI_COMMAND", "") + " " + environment.getOrDefault("CNI_IFNAME", "") + " of "
                + environment.getOrDefault("CNI_CONTAINERID", "");
        try {
            String output = perform(environment, frame.path("stdin").asText(""));
            log.info("{} took {} ms", what, (System.nanoTime() - start) / 1_000_000);
            return reply(0, output);
        } catch (CniRefused refusal) {
            log.warn("{} is refused: {}", what, refusal.getMessage());
            return refused(refusal.error());
        } catch (RuntimeException defect) {
            log.error("{} failed; this is a defect of canal", what, defect);
            return refused(new CniError(CniError.INTERNAL, "canal's agent failed by a defect of its own", defect.toString()));
        }
    }

    private String perform(Map<String, String> environment, String stdin) throws CniRefused {
        CniRequest request = CniRequest.of(environment);
        Decoded<PluginConfig> decoded = PluginConfig.decode(stdin);
        return switch (request.command()) {
            case ADD -> {
                PluginConfig config = good(decoded);
                CniVersion version = version(config);
                try (var _ = spool.hold()) {
                    yield adder.add(request, config).print(version);
                }
            }
            case DEL -> {
                try (var _ = spool.hold()) {
                    deleter.delete(request, decoded);
                }
                yield "";
            }
            case CHECK -> {
                PluginConfig config = since(CniVersion.V0_4_0, request, good(decoded));
                inspector.check(request, config);
                yield "";
            }
            case STATUS -> {
                PluginConfig config = since(CniVersion.V1_1_0, request, good(decoded));
                inspector.status(config);
                yield "";
            }
            case GC -> {
                PluginConfig config = since(CniVersion.V1_1_0, request, good(decoded));
                inspector.collect(config);
                yield "";
            }
            case TEST -> {
                if (node.attachable() instanceof Node.Attachable.No(String reason)) {
                    throw new CniRefused(new CniError(CniError.NO_DATASTORE, "data store connection failed", reason));
                }
                yield "";
            }
        };
    }

    private static PluginConfig since(CniVersion first, CniRequest request, PluginConfig config) throws CniRefused {
        if (!version(config).atLeast(first)) {
            throw new CniRefused(CniError.INCOMPATIBLE_VERSION, "config version does not allow " + request.command());
        }
        return config;
    }

    private static CniVersion version(PluginConfig config) throws CniRefused {
        return config.version().orElseThrow(() -> new CniRefused(new CniError(CniError.INCOMPATIBLE_VERSION, "incompatible CNI versions",
                "config is \"" + config.versionText() + "\", plugin supports ["
                        + CniVersion.texts().stream().map(text -> "\"" + text + "\"").collect(Collectors.joining(" ")) + "]")));
    }

    private static PluginConfig good(Decoded<PluginConfig> decoded) throws CniRefused {
        return switch (decoded) {
            case Good<PluginConfig>(PluginConfig config) -> config;
            case Bad<PluginConfig>(var problem) -> throw new CniRefused(CniError.of(problem));
        };
    }

    private static ObjectNode refused(CniError error) {
        return reply(1, error.json());
    }

    private static ObjectNode reply(int code, String stdout) {
        return Json.object().put("v", FRAME).put("code", code).put("stdout", stdout).put("stderr", "");
    }
}
