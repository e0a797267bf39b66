package io.canal.store;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.google.protobuf.ByteString;
import io.canal.reconcile.Clock;
import io.etcd.jetcd.api.KVGrpc;
import io.etcd.jetcd.api.KeyValue;
import io.etcd.jetcd.api.RangeRequest;
import io.etcd.jetcd.api.RangeResponse;
import io.etcd.jetcd.api.ResponseHeader;
import io.grpc.Metadata;
import io.grpc.Server;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.ServerInterceptors;
import io.grpc.Status;
import io.grpc.netty.NettyServerBuilder;
import io.grpc.stub.StreamObserver;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** A member of etcd that is cut off from the others still takes clients, and would let their calls wait. */
class LeaderlessMemberTest {

    private static final Duration PATIENCE = Duration.ofSeconds(30);
    private static final Metadata.Key<String> HAS_LEADER = Metadata.Key.of("hasleader", Metadata.ASCII_STRING_MARSHALLER);

    @Test
    void what_it_does_not_answer_another_member_does() throws Exception {
        Server cutOff = member(new CutOff());
        Server whole = member(new ServerInterceptor() {
            @Override
            public <Q, S> ServerCall.Listener<Q> interceptCall(ServerCall<Q, S> call, Metadata headers, ServerCallHandler<Q, S> next) {
                return next.startCall(call, headers);
            }
        });
        List<String> endpoints = Stream.of(cutOff, whole).map(server -> "http://127.0.0.1:" + server.getPort()).toList();
        // A call that waits for the member that is cut off ends with this deadline, and fails.
        try (EtcdStore store = new EtcdStore(new EtcdSettings(endpoints, Optional::empty, PATIENCE, PATIENCE), Clock.system())) {
            for (int i = 0; i < 10; i++) {
                assertEquals("value", store.get("key").orElseThrow().value());
                assertEquals(1, store.list("k").entries().size());
            }
        } finally {
            cutOff.shutdownNow();
            whole.shutdownNow();
        }
    }

    private static Server member(ServerInterceptor interceptor) throws IOException {
        return NettyServerBuilder.forAddress(new InetSocketAddress("127.0.0.1", 0)).addService(ServerInterceptors.intercept(KVGrpc.bindService(new Values()), interceptor))
                .build().start();
    }

    private static final class Values implements KVGrpc.AsyncService {

        @Override
        public void range(RangeRequest request, StreamObserver<RangeResponse> answer) {
            KeyValue value = KeyValue.newBuilder().setKey(request.getKey()).setValue(ByteString.copyFromUtf8("value")).setModRevision(1).build();
            answer.onNext(RangeResponse.newBuilder().setHeader(ResponseHeader.newBuilder().setRevision(1)).addKvs(value).setCount(1).build());
            answer.onCompleted();
        }
    }

    /** As etcd's: who asks for a leader is told that there is none, and others wait. */
    private static final class CutOff implements ServerInterceptor {

        @Override
        public <Q, S> ServerCall.Listener<Q> interceptCall(ServerCall<Q, S> call, Metadata headers, ServerCallHandler<Q, S> next) {
            if ("true".equals(headers.get(HAS_LEADER))) {
                call.close(Status.UNAVAILABLE.withDescription("etcdserver: no leader"), new Metadata());
            }
            return new ServerCall.Listener<>() {};
        }
    }
}
