package io.canal.store;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.grpc.Status;
import java.util.concurrent.ExecutionException;
import org.junit.jupiter.api.Test;

/** What operators read of an etcd that does not answer. */
final class FailuresTest {

    @Test
    void a_deadline_is_told_in_seconds_without_the_words_of_grpc() {
        Throwable thrown = new ExecutionException(Status.DEADLINE_EXCEEDED.withDescription("CallOptions deadline exceeded after 8.909540905s."
                + " Name resolution delay 0.000000000 seconds. [closed=[], open=[[connecting_and_lb_delay=8922235812ns, was_still_waiting]]]")
                .asRuntimeException());
        assertEquals("etcd does not answer: get /coreos.com/network/config: no answer within 9 s",
                Failures.of("get /coreos.com/network/config", thrown).getMessage());
    }

    @Test
    void any_other_reason_stays_as_it_is() {
        assertEquals("etcd does not answer: put k: UNAVAILABLE: connection refused",
                Failures.of("put k", Status.UNAVAILABLE.withDescription("connection refused").asRuntimeException()).getMessage());
    }
}
