package io.canal.ctl;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.canal.control.AgentStatus;
import io.canal.control.ControlClient;
import io.canal.control.Op;
import io.canal.control.Reply;
import io.canal.model.Decoded.Good;
import io.canal.model.HolderRecord;
import io.canal.model.Json;
import io.canal.model.NetworkKeys;
import io.canal.model.NodePaths;
import io.canal.store.Feed;
import io.canal.store.Store;
import io.canal.store.StoreException;
import io.canal.store.Txn;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/**
 * Asks agents what their kernels do with a packet: the one of this node by its socket, those of others through etcd, where each has a
 * question for itself and puts its answer beside it.
 */
final class NodeAnswers {

    private static final Duration DEADLINE = Duration.ofSeconds(5);
    private static final Duration LIFE = Duration.ofSeconds(15);
    private static final Duration POLL = Duration.ofMillis(50);

    private final Surroundings world;
    private final Duration patience;

    /** @param patience how long to wait for agents of other nodes */
    NodeAnswers(Surroundings world, Duration patience) {
        this.world = world;
        this.patience = patience;
    }

    /** What an agent said, or why there is nothing that it said, in a sentence. */
    record Answer(Optional<ObjectNode> told, String why) {

        static Answer of(ObjectNode told) {
            return new Answer(Optional.of(told), "");
        }

        static Answer none(String why) {
            return new Answer(Optional.empty(), why);
        }

        static Answer of(Reply reply) {
            return switch (reply) {
                case Reply.Done(ObjectNode body) -> of(body);
                case Reply.Refused(String sentence) -> none(sentence);
                case Reply.Unreachable(String sentence) -> none(sentence);
            };
        }
    }

    /** The node on which this is, where its agent answers. */
    Optional<String> here() {
        Path socket = new NodePaths(world.root()).controlSocket();
        return Files.exists(socket) && client(socket).status(DEADLINE) instanceof Good<AgentStatus>(AgentStatus status)
                ? Optional.of(status.nodename()) : Optional.empty();
    }

    /** Asks the agent of this node. */
    Answer own(ObjectNode packet) {
        return Answer.of(client(new NodePaths(world.root()).controlSocket()).call(Op.VERDICT, packet, DEADLINE));
    }

    private static ControlClient client(Path socket) {
        return new ControlClient(socket);
    }

    /** Asks the agents of nodes, all at once. */
    Map<String, Answer> ask(Store store, Map<String, ObjectNode> packets) {
        Map<String, Answer> answers = new HashMap<>();
        Map<String, ObjectNode> others = new HashMap<>(packets);
        here().ifPresent(node -> {
            ObjectNode packet = others.remove(node);
            if (packet != null) {
                answers.put(node, own(packet));
            }
        });
        if (!others.isEmpty()) {
            try {
                Set<String> alive = alive(store);
                others.keySet().stream().filter(node -> !alive.contains(node)).forEach(node -> answers.put(node, Answer.none("No agent of canal is alive there.")));
                others.keySet().retainAll(alive);
                answers.putAll(through(store, others));
            } catch (StoreException failure) {
                others.keySet().forEach(node -> answers.put(node, Answer.none("Etcd took no question to it: " + failure.getMessage() + ".")));
            }
        }
        return answers;
    }

    /** The nodes whose agents say that they live. */
    private static Set<String> alive(Store store) throws StoreException {
        Set<String> sessions = new HashSet<>();
        store.list(NetworkKeys.SESSIONS).entries().forEach(entry -> sessions.add(entry.key().substring(NetworkKeys.SESSIONS.length())));
        Set<String> alive = new HashSet<>();
        for (Store.Entry entry : store.list(NetworkKeys.HOLDERS).entries()) {
            if (HolderRecord.parse(entry.key(), entry.value()) instanceof Good<HolderRecord>(HolderRecord holder) && sessions.contains(holder.node())) {
                alive.add(holder.nodename());
            }
        }
        return alive;
    }

    private Map<String, Answer> through(Store store, Map<String, ObjectNode> packets) throws StoreException {
        if (packets.isEmpty()) {
            return Map.of();
        }
        String id = world.ids().get().toString();
        long lease = store.grant(LIFE);
        BlockingQueue<Store.Entry> heard = new LinkedBlockingQueue<>();
        Map<String, Answer> answers = new HashMap<>();
        try (Feed _ = store.feed(NetworkKeys.answer(id, ""), new Ear(heard))) {
            for (Map.Entry<String, ObjectNode> each : packets.entrySet()) {
                String key = NetworkKeys.question(each.getKey(), id);
                store.commit(Txn.when().absent(key).put(key, Json.compact(each.getValue().deepCopy().put("v", Op.VERSION)), lease));
            }
            long begin = world.clock().nanos();
            while (answers.size() < packets.size() && world.clock().since(begin).compareTo(patience) < 0) {
                Store.Entry entry = heard.poll(POLL.toMillis(), TimeUnit.MILLISECONDS);
                if (entry != null) {
                    answers.put(entry.key().substring(entry.key().lastIndexOf('/') + 1), read(entry));
                }
            }
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
        } finally {
            store.revoke(lease);
        }
        packets.keySet().forEach(node -> answers.putIfAbsent(node, Answer.none("No agent of canal answered there within " + patience.toSeconds() + " s.")));
        return answers;
    }

    private static Answer read(Store.Entry entry) {
        if (!(Json.object(entry.key(), entry.value()) instanceof Good<ObjectNode>(ObjectNode body))) {
            return Answer.none("Its answer is malformed.");
        }
        return body.path("ok").asBoolean() ? Answer.of(body) : Answer.none(body.path("error").asText());
    }

    /** Hears answers. */
    private record Ear(BlockingQueue<Store.Entry> heard) implements Feed.Listener {

        @Override
        public void listed(Store.Listing listing) {
            heard.addAll(listing.entries());
        }

        @Override
        public void changed(long revision, List<Feed.Change> changes) {
            for (Feed.Change change : changes) {
                if (change instanceof Feed.Change.Put(Store.Entry entry)) {
                    heard.add(entry);
                }
            }
        }

        @Override
        public void lost(String reason) {
            // It comes back by itself, and who waits for it has a deadline.
        }
    }
}
