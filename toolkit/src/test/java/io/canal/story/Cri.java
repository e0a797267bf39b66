package io.canal.story;

import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.UnknownFieldSet;
import com.google.protobuf.UnknownFieldSet.Field;
import io.canal.model.Json;
import io.grpc.CallOptions;
import io.grpc.ManagedChannel;
import io.grpc.MethodDescriptor;
import io.grpc.netty.NettyChannelBuilder;
import io.grpc.stub.ClientCalls;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioDomainSocketChannel;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.UnixDomainSocketAddress;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/**
 * What kubelet asks of a container runtime, so far as the network is concerned: the Container Runtime Interface v1 (kubernetes/cri-api,
 * pkg/apis/runtime/v1/api.proto), pod sandboxes only. Messages are made field by field, by their numbers there.
 */
final class Cri implements AutoCloseable {

    private static final String SERVICE = "runtime.v1.RuntimeService/";
    private static final long LONGEST_SECONDS = 30;

    private final EventLoopGroup threads = new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());
    private final ManagedChannel channel;

    /** @param socket as seen from here */
    Cri(Path socket) {
        channel = NettyChannelBuilder.forAddress(UnixDomainSocketAddress.of(socket)).channelType(NioDomainSocketChannel.class).eventLoopGroup(threads)
                .overrideAuthority("localhost").usePlaintext().build();
    }

    /**
     * A pod sandbox.
     *
     * @param netns as a path on the host
     */
    record Sandbox(String id, String address, String netns) {}

    /** Makes a sandbox; {@code hostPorts} are those of the host that lead to TCP ports of the pod. */
    Sandbox run(String namespace, String name, Map<String, String> annotations, Map<Integer, Integer> hostPorts) {
        UnknownFieldSet metadata = message(text(1, name), text(2, name + "-uid"), text(3, namespace));
        UnknownFieldSet.Builder config = message(nested(1, metadata), text(2, name)).toBuilder();
        hostPorts.forEach((port, target) -> config.mergeFrom(message(nested(5, message(number(2, target), number(3, port))))));
        annotations.forEach((key, value) -> config.mergeFrom(message(nested(7, message(text(1, key), text(2, value))))));
        String id = string(call("RunPodSandbox", message(nested(1, config.build()))), 1);
        UnknownFieldSet answer = call("PodSandboxStatus", message(text(1, id), number(2, 1)));
        String info = answer.getField(2).getLengthDelimitedList().stream().map(Cri::parse).filter(entry -> string(entry, 1).equals("info"))
                .map(entry -> string(entry, 2)).findFirst().orElseThrow();
        return new Sandbox(id, string(inner(inner(answer, 1), 5), 1), netns(info));
    }

    void remove(Sandbox sandbox) {
        call("StopPodSandbox", message(text(1, sandbox.id)));
        call("RemovePodSandbox", message(text(1, sandbox.id)));
    }

    @Override
    public void close() {
        channel.shutdownNow();
        threads.shutdownGracefully(0, 1, TimeUnit.SECONDS).syncUninterruptibly();
    }

    private static String netns(String info) {
        return Json.object("info", info).orThrow().path("runtimeSpec").path("linux").path("namespaces").valueStream()
                .filter(one -> one.path("type").asText().equals("network")).findFirst().orElseThrow().path("path").asText()
                // An absolute link, which would lead out of the host when its file system is seen from here.
                .replaceFirst("^/var/run/", "/run/");
    }

    private UnknownFieldSet call(String method, UnknownFieldSet request) {
        return ClientCalls.blockingUnaryCall(channel, descriptor(method), CallOptions.DEFAULT.withDeadlineAfter(LONGEST_SECONDS, TimeUnit.SECONDS), request);
    }

    private static MethodDescriptor<UnknownFieldSet, UnknownFieldSet> descriptor(String method) {
        return MethodDescriptor.<UnknownFieldSet, UnknownFieldSet>newBuilder().setType(MethodDescriptor.MethodType.UNARY)
                .setFullMethodName(SERVICE + method).setRequestMarshaller(new Bytes()).setResponseMarshaller(new Bytes()).build();
    }

    private static final class Bytes implements MethodDescriptor.Marshaller<UnknownFieldSet> {

        @Override
        public InputStream stream(UnknownFieldSet message) {
            return new ByteArrayInputStream(message.toByteArray());
        }

        @Override
        public UnknownFieldSet parse(InputStream stream) {
            try {
                return UnknownFieldSet.parseFrom(stream);
            } catch (IOException broken) {
                throw new UncheckedIOException(broken);
            }
        }
    }

    private static UnknownFieldSet message(UnknownFieldSet... fields) {
        UnknownFieldSet.Builder all = UnknownFieldSet.newBuilder();
        List.of(fields).forEach(all::mergeFrom);
        return all.build();
    }

    private static UnknownFieldSet text(int number, String value) {
        return field(number, Field.newBuilder().addLengthDelimited(ByteString.copyFromUtf8(value)));
    }

    private static UnknownFieldSet number(int number, long value) {
        return field(number, Field.newBuilder().addVarint(value));
    }

    private static UnknownFieldSet nested(int number, UnknownFieldSet value) {
        return field(number, Field.newBuilder().addLengthDelimited(value.toByteString()));
    }

    private static UnknownFieldSet field(int number, Field.Builder value) {
        return UnknownFieldSet.newBuilder().addField(number, value.build()).build();
    }

    private static UnknownFieldSet inner(UnknownFieldSet message, int number) {
        return parse(message.getField(number).getLengthDelimitedList().getFirst());
    }

    private static String string(UnknownFieldSet message, int number) {
        return message.getField(number).getLengthDelimitedList().getFirst().toStringUtf8();
    }

    private static UnknownFieldSet parse(ByteString bytes) {
        try {
            return UnknownFieldSet.parseFrom(bytes);
        } catch (InvalidProtocolBufferException broken) {
            throw new UncheckedIOException(broken);
        }
    }
}
