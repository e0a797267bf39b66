package io.canal.store;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.etcd.jetcd.api.KVGrpc;
import io.etcd.jetcd.api.RangeRequest;
import io.etcd.jetcd.api.RangeResponse;
import io.grpc.MethodDescriptor;
import io.grpc.Status;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * An answer of etcd to a listing, read where it lies: protobuf and jetcd would make six objects and three copies of each key and value, and
 * of a large cluster there are ten thousands.
 *
 * <p>Its form is that of {@code etcdserverpb.RangeResponse}: a tag, which is the number of a field times eight and its kind, and the field's
 * content; numbers are in groups of seven bits, texts and messages have their length before them.
 *
 * @param clusterId as in {@link Store.Listing}
 * @param revision as in {@link Store.Listing}
 * @param more whether there are keys behind these
 * @param entries in key order
 * @param last the last key as it was sent; empty where there is none
 */
record RangePage(long clusterId, long revision, boolean more, List<Store.Entry> entries, byte[] last) {

    /** How etcd is asked for one. */
    static final MethodDescriptor<RangeRequest, RangePage> METHOD = method(KVGrpc.getRangeMethod());

    private static final int NUMBER = 0;
    private static final int EIGHT_BYTES = 1;
    private static final int BYTES = 2;
    private static final int FOUR_BYTES = 5;

    private static MethodDescriptor<RangeRequest, RangePage> method(MethodDescriptor<RangeRequest, RangeResponse> usual) {
        return usual.toBuilder(usual.getRequestMarshaller(), new Marshaller()).build();
    }

    private static final class Marshaller implements MethodDescriptor.Marshaller<RangePage> {

        @Override
        public InputStream stream(RangePage page) {
            throw new UnsupportedOperationException("only etcd sends a listing");
        }

        @Override
        public RangePage parse(InputStream from) {
            try {
                byte[] message = new byte[from.available()];
                int known = from.readNBytes(message, 0, message.length);
                byte[] rest = from.readAllBytes();
                byte[] whole = rest.length == 0 && known == message.length ? message : Arrays.copyOf(message, known + rest.length);
                System.arraycopy(rest, 0, whole, known, rest.length);
                return read(whole);
            } catch (IOException unreadable) {
                throw Status.INTERNAL.withDescription("etcd's listing cannot be read: " + unreadable.getMessage()).withCause(unreadable).asRuntimeException();
            }
        }
    }

    /** Reads the message. */
    static RangePage read(byte[] message) throws IOException {
        Fields page = new Fields(message, 0, message.length);
        long clusterId = 0;
        long revision = 0;
        boolean more = false;
        List<Store.Entry> entries = new ArrayList<>();
        Pair pair = new Pair();
        while (page.next()) {
            if (page.is(1, BYTES)) {
                Fields header = page.inner();
                while (header.next()) {
                    if (header.is(1, NUMBER)) {
                        clusterId = header.number();
                    } else if (header.is(3, NUMBER)) {
                        revision = header.number();
                    } else {
                        header.skip();
                    }
                }
            } else if (page.is(2, BYTES)) {
                entries.add(pair.read(page.inner()));
            } else if (page.is(3, NUMBER)) {
                more = page.number() != 0;
            } else {
                page.skip();
            }
        }
        return new RangePage(clusterId, revision, more, entries, pair.key());
    }

    /** Reads keys with their values, and remembers where the last key is. */
    private static final class Pair {

        private byte[] bytes = {};
        private int keyFrom;
        private int keyTo;

        Store.Entry read(Fields fields) throws IOException {
            bytes = fields.bytes;
            keyFrom = keyTo = 0;
            int valueFrom = 0;
            int valueTo = 0;
            long created = 0;
            long written = 0;
            long lease = 0;
            while (fields.next()) {
                if (fields.is(1, BYTES)) {
                    keyTo = fields.over();
                    keyFrom = keyTo - fields.length;
                } else if (fields.is(2, NUMBER)) {
                    created = fields.number();
                } else if (fields.is(3, NUMBER)) {
                    written = fields.number();
                } else if (fields.is(5, BYTES)) {
                    valueTo = fields.over();
                    valueFrom = valueTo - fields.length;
                } else if (fields.is(6, NUMBER)) {
                    lease = fields.number();
                } else {
                    fields.skip();
                }
            }
            return new Store.Entry(new String(bytes, keyFrom, keyTo - keyFrom, UTF_8), new String(bytes, valueFrom, valueTo - valueFrom, UTF_8), created, written, lease);
        }

        byte[] key() {
            return Arrays.copyOfRange(bytes, keyFrom, keyTo);
        }
    }

    /** The fields of one message, one after the other. */
    private static final class Fields {

        private final byte[] bytes;
        private final int end;
        private int at;
        private int tag;
        /** Of the content that {@link #over} went over. */
        private int length;

        Fields(byte[] bytes, int from, int end) {
            this.bytes = bytes;
            this.at = from;
            this.end = end;
        }

        /** Comes to the next field; false where there is none. */
        boolean next() throws IOException {
            if (at == end) {
                return false;
            }
            tag = (int) number();
            return true;
        }

        boolean is(int field, int kind) {
            return tag == (field << 3 | kind);
        }

        long number() throws IOException {
            long number = 0;
            for (int shift = 0; shift < Long.SIZE; shift += 7) {
                if (at == end) {
                    throw new IOException("it is cut off");
                }
                byte group = bytes[at++];
                number |= (long) (group & 0x7f) << shift;
                if (group >= 0) {
                    return number;
                }
            }
            throw new IOException("a number without an end");
        }

        /** Goes over bytes that have their length before them, and gives where they end. */
        int over() throws IOException {
            long count = number();
            if (count < 0 || count > end - at) {
                throw new IOException("it is cut off");
            }
            length = (int) count;
            at += length;
            return at;
        }

        Fields inner() throws IOException {
            int to = over();
            return new Fields(bytes, to - length, to);
        }

        void skip() throws IOException {
            switch (tag & 7) {
                case NUMBER -> number();
                case BYTES -> over();
                case EIGHT_BYTES -> pass(Long.BYTES);
                case FOUR_BYTES -> pass(Integer.BYTES);
                default -> throw new IOException("a field of kind " + (tag & 7));
            }
        }

        private void pass(int count) throws IOException {
            if (count > end - at) {
                throw new IOException("it is cut off");
            }
            at += count;
        }
    }
}
