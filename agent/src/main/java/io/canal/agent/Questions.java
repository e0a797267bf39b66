package io.canal.agent;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.canal.control.ControlServer.Refusal;
import io.canal.control.Op;
import io.canal.model.Decoded.Bad;
import io.canal.model.Decoded.Good;
import io.canal.model.Json;
import io.canal.model.NetworkKeys;
import io.canal.model.Problem;
import io.canal.store.Feed;
import io.canal.store.Store;
import io.canal.store.StoreException;
import io.canal.store.Txn;
import java.util.List;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Answers what is asked of this node through etcd by those who cannot reach its socket: {@code canal why} on another node or on a
 * workstation. A question is a key that hangs on a lease of who asks, and so does its answer: nothing stays behind.
 */
final class Questions implements Feed.Listener, AutoCloseable {

    private static final Logger log = LoggerFactory.getLogger(Questions.class);
    /** People ask, one by one; who asks more often is not answered. */
    private static final int MOST_WAITING = 20;

    private final Verdicts verdicts;
    private final Supplier<String> nodename;
    private final Supplier<Store> store;
    private final BlockingQueue<Store.Entry> waiting = new ArrayBlockingQueue<>(MOST_WAITING);
    private final Thread thread;

    /** Answers are given in the calling thread's network namespace. */
    Questions(Verdicts verdicts, Supplier<String> nodename, Supplier<Store> store) {
        this.verdicts = verdicts;
        this.nodename = nodename;
        this.store = store;
        this.thread = Thread.ofPlatform().daemon().name("questions").unstarted(this::loop);
    }

    void start() {
        thread.start();
    }

    @Override
    public void listed(Store.Listing listing) {
        listing.entries().forEach(this::asked);
    }

    @Override
    public void changed(long revision, List<Feed.Change> changes) {
        for (Feed.Change change : changes) {
            if (change instanceof Feed.Change.Put(Store.Entry entry)) {
                asked(entry);
            }
        }
    }

    @Override
    public void lost(String reason) {
        log.debug("questions are not heard: {}", reason);
    }

    private void asked(Store.Entry entry) {
        // Without a lease the answer would stay for ever.
        if (entry.lease() != 0 && entry.key().startsWith(NetworkKeys.question(nodename.get(), "")) && !waiting.offer(entry)) {
            log.warn("{} is not answered: too many questions wait", entry.key());
        }
    }

    private void loop() {
        try {
            while (true) {
                answer(waiting.take());
            }
        } catch (InterruptedException closed) {
            log.debug("questions are no longer answered");
        }
    }

    private void answer(Store.Entry question) {
        String id = question.key().substring(question.key().lastIndexOf('/') + 1);
        String key = NetworkKeys.answer(id, nodename.get());
        try {
            store.get().commit(Txn.when().absent(key).put(key, Json.compact(reply(question)), question.lease()));
        } catch (StoreException failure) {
            log.debug("{} could not be answered: {}", question.key(), failure.getMessage());
        }
    }

    private ObjectNode reply(Store.Entry question) {
        try {
            return switch (Json.object(question.key(), question.value())) {
                case Bad<ObjectNode>(Problem problem) -> refused(problem.sentence() + ".");
                case Good<ObjectNode>(ObjectNode request) when request.path("v").asInt() != Op.VERSION ->
                        refused(new Problem(question.key(), "v", request.path("v").asText(), String.valueOf(Op.VERSION)).sentence() + ".");
                case Good<ObjectNode>(ObjectNode request) -> verdicts.answer(request).put("ok", true);
            };
        } catch (Refusal refusal) {
            return refused(String.valueOf(refusal.getMessage()));
        } catch (RuntimeException defect) {
            log.error("{} could not be answered; this is a defect of canal", question.key(), defect);
            return refused("The agent could not do it, by a defect of its own: " + defect);
        }
    }

    private static ObjectNode refused(String sentence) {
        return Json.object().put("ok", false).put("error", sentence);
    }

    @Override
    public void close() {
        thread.interrupt();
    }
}
