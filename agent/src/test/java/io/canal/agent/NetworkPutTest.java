package io.canal.agent;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.canal.agent.NetworkPut.Outcome;
import io.canal.store.StoreException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
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

    private Optional<String> take(String json) {
        puts.add(json);
        return Optional.empty();
    }

    private static Optional<String> away(String json) throws StoreException {
        throw new StoreException(StoreException.Kind.UNAVAILABLE, "etcd is away: " + json.length());
    }

    @Test
    void a_request_is_put_at_once_where_etcd_answers() {
        assertEquals(new Outcome.Done(), put.put(Optional.of(this::take), NETWORK));
        assertEquals(List.of(NETWORK), puts);
        assertFalse(put.pending());
    }

    @Test
    void a_malformed_request_is_refused_with_its_field_and_not_kept() {
        Outcome.Refused refused = assertInstanceOf(Outcome.Refused.class, put.put(Optional.empty(), "{\"Network\":\"x\"}"));
        assertTrue(refused.sentence().startsWith("request network: "), refused.sentence());
        assertFalse(put.pending());
    }

    @Test
    void without_etcd_the_request_waits_and_is_carried_out_once() {
        assertInstanceOf(Outcome.Waits.class, put.put(Optional.of(NetworkPutTest::away), NETWORK));
        assertInstanceOf(Outcome.Waits.class, put.retry(NetworkPutTest::away).orElseThrow());
        assertTrue(put.pending());
        assertEquals(Optional.of(new Outcome.Done()), put.retry(this::take));
        assertEquals(Optional.empty(), put.retry(this::take));
        assertEquals(1, puts.size());
    }

    @Test
    void the_last_request_replaces_one_that_waits() {
        put.put(Optional.empty(), NETWORK);
        put.put(Optional.empty(), NETWORK.replace("10.1", "10.2"));
        put.retry(this::take);
        assertEquals(List.of(NETWORK.replace("10.1", "10.2")), puts);
    }

    @Test
    void a_request_that_waited_and_is_refused_then_does_not_wait_on() {
        put.put(Optional.empty(), NETWORK);
        assertEquals(Optional.of(new Outcome.Refused("No.")), put.retry(_ -> Optional.of("No.")));
        assertFalse(put.pending());
    }
}
