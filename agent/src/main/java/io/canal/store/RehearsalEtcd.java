package io.canal.store;

import com.google.protobuf.ByteString;
import io.canal.store.Store.Entry;
import io.etcd.jetcd.api.DeleteRangeResponse;
import io.etcd.jetcd.api.Event;
import io.etcd.jetcd.api.KVGrpc;
import io.etcd.jetcd.api.KeyValue;
import io.etcd.jetcd.api.LeaseGrantRequest;
import io.etcd.jetcd.api.LeaseGrantResponse;
import io.etcd.jetcd.api.LeaseGrpc;
import io.etcd.jetcd.api.LeaseKeepAliveRequest;
import io.etcd.jetcd.api.LeaseKeepAliveResponse;
import io.etcd.jetcd.api.LeaseRevokeRequest;
import io.etcd.jetcd.api.LeaseRevokeResponse;
import io.etcd.jetcd.api.PutResponse;
import io.etcd.jetcd.api.RangeRequest;
import io.etcd.jetcd.api.RangeResponse;
import io.etcd.jetcd.api.RequestOp;
import io.etcd.jetcd.api.ResponseHeader;
import io.etcd.jetcd.api.ResponseOp;
import io.etcd.jetcd.api.TxnRequest;
import io.etcd.jetcd.api.TxnResponse;
import io.etcd.jetcd.api.WatchGrpc;
import io.etcd.jetcd.api.WatchRequest;
import io.etcd.jetcd.api.WatchResponse;
import io.grpc.Server;
import io.grpc.netty.GrpcSslContexts;
import io.grpc.netty.NettyServerBuilder;
import io.grpc.stub.StreamObserver;
import io.netty.handler.ssl.ClientAuth;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;

/**
 * As much of an etcd as a start of the agent meets, in this process, over TLS: the AOT cache is recorded against it, so that the
 * build needs no etcd. It keeps nothing, and forgets no history.
 */
public final class RehearsalEtcd implements AutoCloseable {

    private final MemoryKv kv = new MemoryKv(1);
    private final Map<StreamObserver<WatchResponse>, String> watchers = new ConcurrentHashMap<>();
    private final Server server;

    private RehearsalEtcd(TlsFiles tls) throws IOException {
        server = NettyServerBuilder.forAddress(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0))
                .sslContext(GrpcSslContexts.forServer(tls.cert().toFile(), tls.key().toFile()).trustManager(tls.ca().toFile())
                        .clientAuth(ClientAuth.REQUIRE).build())
                .addService(new Keys())
                .addService(new Leases())
                .addService(new Watches())
                .build()
                .start();
    }

    /** Listens on a free port of the loopback interface. */
    public static RehearsalEtcd open(TlsFiles tls) throws IOException {
        return new RehearsalEtcd(tls);
    }

    public String endpoint() {
        return "https://127.0.0.1:" + server.getPort();
    }

    /** Writes, and tells those that watch. */
    public void put(String key, String value) {
        commit(Txn.when().put(key, value, 0));
    }

    /** Deletes, and tells those that watch. */
    public void remove(String key) {
        commit(Txn.when().delete(key));
    }

    @Override
    public void close() {
        server.shutdownNow();
    }

    private synchronized Optional<Txn.Result> commit(Txn txn) {
        long before = kv.revision();
        Optional<Txn.Result> result = kv.commit(txn);
        kv.since(before).orElse(List.of()).forEach(event -> watchers.forEach((watcher, prefix) -> {
            if (event.change().key().startsWith(prefix)) {
                watcher.onNext(WatchResponse.newBuilder().setHeader(header()).addEvents(event(event.change())).build());
            }
        }));
        return result;
    }

    private static Event event(Feed.Change change) {
        return switch (change) {
            case Feed.Change.Put(Entry entry) -> Event.newBuilder().setType(Event.EventType.PUT).setKv(encode(entry)).build();
            case Feed.Change.Deleted(String key) -> Event.newBuilder().setType(Event.EventType.DELETE)
                    .setKv(KeyValue.newBuilder().setKey(ByteString.copyFromUtf8(key))).build();
        };
    }

    private ResponseHeader header() {
        return ResponseHeader.newBuilder().setClusterId(kv.clusterId()).setRevision(kv.revision()).build();
    }

    private static KeyValue encode(Entry entry) {
        return KeyValue.newBuilder().setKey(ByteString.copyFromUtf8(entry.key())).setValue(ByteString.copyFromUtf8(entry.value()))
                .setCreateRevision(entry.createRevision()).setModRevision(entry.modRevision()).setVersion(1).setLease(entry.lease()).build();
    }

    private static <T> void answer(StreamObserver<T> asker, T answer) {
        asker.onNext(answer);
        asker.onCompleted();
    }

    private final class Keys extends KVGrpc.KVImplBase {

        @Override
        public void range(RangeRequest request, StreamObserver<RangeResponse> asker) {
            String key = request.getKey().toStringUtf8();
            RangeResponse.Builder response = RangeResponse.newBuilder().setHeader(header());
            synchronized (RehearsalEtcd.this) {
                List<Entry> found = request.getRangeEnd().isEmpty() ? Optional.ofNullable(kv.get(key)).stream().toList() : kv.list(key).entries();
                found.forEach(entry -> response.addKvs(encode(entry)));
                response.setCount(found.size());
            }
            answer(asker, response.build());
        }

        @Override
        public void txn(TxnRequest request, StreamObserver<TxnResponse> asker) {
            Txn txn = Txn.when();
            for (io.etcd.jetcd.api.Compare compare : request.getCompareList()) {
                String key = compare.getKey().toStringUtf8();
                txn = compare.getTarget() == io.etcd.jetcd.api.Compare.CompareTarget.MOD ? txn.at(key, compare.getModRevision()) : txn.absent(key);
            }
            for (RequestOp op : request.getSuccessList()) {
                txn = with(txn, op);
            }
            Txn.Result result = commit(txn).orElseThrow();
            TxnResponse.Builder response = TxnResponse.newBuilder().setHeader(header()).setSucceeded(result.done());
            for (RequestOp op : result.done() ? request.getSuccessList() : request.getFailureList()) {
                response.addResponses(response(op, result));
            }
            answer(asker, response.build());
        }

        private static Txn with(Txn txn, RequestOp op) {
            if (op.hasRequestPut()) {
                var put = op.getRequestPut();
                return txn.put(put.getKey().toStringUtf8(), put.getValue().toStringUtf8(), put.getLease());
            }
            return op.hasRequestDeleteRange() ? txn.delete(op.getRequestDeleteRange().getKey().toStringUtf8())
                    : txn.read(op.getRequestRange().getKey().toStringUtf8());
        }

        private static ResponseOp response(RequestOp op, Txn.Result result) {
            ResponseOp.Builder response = ResponseOp.newBuilder();
            if (op.hasRequestPut()) {
                return response.setResponsePut(PutResponse.getDefaultInstance()).build();
            }
            if (op.hasRequestDeleteRange()) {
                return response.setResponseDeleteRange(DeleteRangeResponse.getDefaultInstance()).build();
            }
            RangeResponse.Builder range = RangeResponse.newBuilder();
            result.read().stream().filter(entry -> entry.key().equals(op.getRequestRange().getKey().toStringUtf8()))
                    .forEach(entry -> range.addKvs(encode(entry)));
            return response.setResponseRange(range).build();
        }
    }

    private final class Leases extends LeaseGrpc.LeaseImplBase {

        @Override
        public void leaseGrant(LeaseGrantRequest request, StreamObserver<LeaseGrantResponse> asker) {
            long id;
            synchronized (RehearsalEtcd.this) {
                id = kv.grant(Duration.ofSeconds(request.getTTL()), 0);
            }
            answer(asker, LeaseGrantResponse.newBuilder().setHeader(header()).setID(id).setTTL(request.getTTL()).build());
        }

        @Override
        public void leaseRevoke(LeaseRevokeRequest request, StreamObserver<LeaseRevokeResponse> asker) {
            answer(asker, LeaseRevokeResponse.newBuilder().setHeader(header()).build());
        }

        @Override
        public StreamObserver<LeaseKeepAliveRequest> leaseKeepAlive(StreamObserver<LeaseKeepAliveResponse> asker) {
            return new Asked<>(asker) {
                @Override
                public void onNext(LeaseKeepAliveRequest request) {
                    asker.onNext(LeaseKeepAliveResponse.newBuilder().setHeader(header()).setID(request.getID()).setTTL(60).build());
                }
            };
        }
    }

    private final class Watches extends WatchGrpc.WatchImplBase {

        @Override
        public StreamObserver<WatchRequest> watch(StreamObserver<WatchResponse> asker) {
            return new Asked<>(asker) {
                @Override
                public void onNext(WatchRequest request) {
                    if (request.hasCreateRequest()) {
                        asker.onNext(WatchResponse.newBuilder().setHeader(header()).setCreated(true).build());
                        watchers.put(asker, request.getCreateRequest().getKey().toStringUtf8());
                    }
                }

                @Override
                public void onCompleted() {
                    watchers.remove(asker);
                    super.onCompleted();
                }

                @Override
                public void onError(Throwable gone) {
                    watchers.remove(asker);
                }
            };
        }
    }

    /** A stream of requests that ends when the client ends it. */
    private abstract static class Asked<T> implements StreamObserver<T> {

        private final StreamObserver<?> asker;

        Asked(StreamObserver<?> asker) {
            this.asker = asker;
        }

        @Override
        public void onError(Throwable gone) {}

        @Override
        public void onCompleted() {
            asker.onCompleted();
        }
    }
}
