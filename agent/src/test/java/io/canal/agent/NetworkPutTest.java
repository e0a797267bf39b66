package io.canal.agent;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.canal.agent.NetworkPut.Outcome;
import io.canal.model.NetworkConfig;
import io.canal.store.StoreException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class NetworkPutTest {

    private static final String NETWORK = "{\"Network\":\"10.1.0.0/16\",\"Backend\":{\"Type\":\"vxlan\"}}";

    @TempDir
    Path folder;

    private final List<String> puts = new ArrayList<>();
    private NetworkPut put = new NetworkPut(Path.of("/nowhere"));

    @BeforeEach
    void setUp() {
        put = new NetworkPut(folder);
    }

    private Optional<String> take(String json, Predicate<Optional<NetworkConfig>> expected) {
        puts.add(json);
        return Optional.empty();
    }

    private static Optional<String> away(String json, Predicate<Optional<NetworkConfig>> expected) throws StoreException {
        throw new StoreException(StoreException.Kind.UNAVAILABLE, "etcd is away: " + json.length());
    }

    @Test
    void a_request_is_put_at_once_where_etcd_answers() {
        assertEquals(new Outcome.Done(), put.put(Optional.of(this::take), NETWORK, Optional.empty()));
        assertEquals(List.of(NETWORK), puts);
        assertFalse(put.pending());
    }

    @Test
    void a_malformed_request_is_refused_with_its_field_and_not_kept() {
        Outcome.Refused refused = assertInstanceOf(Outcome.Refused.class, put.put(Optional.empty(), "{\"Network\":\"x\"}", Optional.empty()));
        assertTrue(refused.sentence().startsWith("request network: "), refused.sentence());
        assertFalse(put.pending());
    }

    @Test
    void without_etcd_the_request_waits_and_is_carried_out_once() {
        assertInstanceOf(Outcome.Waits.class, put.put(Optional.of(NetworkPutTest::away), NETWORK, Optional.empty()));
        assertInstanceOf(Outcome.Waits.class, put.retry(NetworkPutTest::away).orElseThrow());
        assertTrue(put.pending());
        assertEquals(Optional.of(new Outcome.Done()), put.retry(this::take));
        assertEquals(Optional.empty(), put.retry(this::take));
        assertEquals(1, puts.size());
    }

    @Test
    void the_last_request_replaces_one_that_waits() {
        put.put(Optional.empty(), NETWORK, Optional.empty());
        put.put(Optional.empty(), NETWORK.replace("10.1", "10.2"), Optional.empty());
        put.retry(this::take);
        assertEquals(List.of(NETWORK.replace("10.1", "10.2")), puts);
    }

    @Test
    void a_request_that_waited_and_is_refused_then_does_not_wait_on() {
        put.put(Optional.empty(), NETWORK, Optional.empty());
        assertEquals(Optional.of(new Outcome.Refused("No.")), put.retry((_, _) -> Optional.of("No.")));
        assertFalse(put.pending());
    }

    @Test
    void a_request_that_waited_replaces_only_what_was_there_when_it_came() {
        NetworkConfig seen = NetworkConfig.parse("config", NETWORK).orThrow();
        NetworkConfig other = NetworkConfig.parse("config", NETWORK.replace("10.1", "10.2")).orThrow();
        List<Boolean> answers = new ArrayList<>();
        NetworkPut.Putter putter = (_, expected) -> {
            answers.addAll(List.of(expected.test(Optional.of(seen)), expected.test(Optional.of(other)), expected.test(Optional.empty())));
            return Optional.empty();
        };
        put.put(Optional.empty(), NETWORK, Optional.of(seen.text()));
        put.retry(putter);
        put.put(Optional.empty(), NETWORK, Optional.of(""));
        put.retry(putter);
        put.put(Optional.empty(), NETWORK, Optional.empty());
        put.retry(putter);
        assertEquals(List.of(true, false, false, false, false, true, true, true, true), answers);
    }
}
