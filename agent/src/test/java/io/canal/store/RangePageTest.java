package io.canal.store;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import com.google.protobuf.ByteString;
import com.google.protobuf.UnknownFieldSet;
import io.etcd.jetcd.api.KeyValue;
import io.etcd.jetcd.api.RangeResponse;
import io.etcd.jetcd.api.ResponseHeader;
import io.grpc.StatusRuntimeException;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.SequenceInputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** What protobuf writes is read as protobuf reads it. */
class RangePageTest {

    private static final UnknownFieldSet NEWER = UnknownFieldSet.newBuilder()
            .addField(77, UnknownFieldSet.Field.newBuilder().addVarint(1L << 60).addFixed32(7).addFixed64(8).addLengthDelimited(ByteString.copyFromUtf8("later")).build()).build();

    private static final RangeResponse ANSWER = RangeResponse.newBuilder()
            .setHeader(ResponseHeader.newBuilder().setClusterId(-5).setMemberId(6).setRevision(1_234_567_890_123L).setRaftTerm(3).setUnknownFields(NEWER))
            .addKvs(KeyValue.newBuilder().setKey(ByteString.copyFromUtf8("/a")).setValue(ByteString.copyFromUtf8("{\"näme\":\"☃\"}")).setCreateRevision(1).setModRevision(300)
                    .setVersion(2).setLease(Long.MIN_VALUE).setUnknownFields(NEWER))
            .addKvs(KeyValue.newBuilder().setKey(ByteString.copyFromUtf8("/b")))
            .addKvs(KeyValue.newBuilder().setKey(ByteString.copyFrom(new byte[] {'/', (byte) 0xff})).setValue(ByteString.copyFromUtf8("x".repeat(100_000))).setModRevision(9))
            .setMore(true).setCount(12).setUnknownFields(NEWER).build();

    @Test
    void reads_what_protobuf_writes() throws IOException {
        RangePage page = RangePage.read(ANSWER.toByteArray());
        assertEquals(-5, page.clusterId());
        assertEquals(1_234_567_890_123L, page.revision());
        assertEquals(true, page.more());
        List<Store.Entry> expected = new ArrayList<>();
        for (KeyValue pair : ANSWER.getKvsList()) {
            expected.add(new Store.Entry(pair.getKey().toString(StandardCharsets.UTF_8), pair.getValue().toString(StandardCharsets.UTF_8), pair.getCreateRevision(),
                    pair.getModRevision(), pair.getLease()));
        }
        assertEquals(expected, page.entries());
        assertArrayEquals(new byte[] {'/', (byte) 0xff}, page.last(), "the key that the next part is asked for from is not what its text says");
    }

    @Test
    void reads_an_empty_answer() throws IOException {
        RangePage page = RangePage.read(RangeResponse.getDefaultInstance().toByteArray());
        assertEquals(List.of(), page.entries());
        assertEquals(false, page.more());
        assertEquals(0, page.revision());
    }

    @Test
    void takes_a_message_in_pieces() {
        byte[] whole = ANSWER.toByteArray();
        InputStream pieces = new SequenceInputStream(new ByteArrayInputStream(whole, 0, 1_000), new ByteArrayInputStream(whole, 1_000, whole.length - 1_000));
        assertEquals(3, RangePage.METHOD.getResponseMarshaller().parse(pieces).entries().size());
    }

    @Test
    void says_that_an_answer_is_cut_off_or_none() {
        byte[] whole = ANSWER.toByteArray();
        StatusRuntimeException cut = assertThrows(StatusRuntimeException.class,
                () -> RangePage.METHOD.getResponseMarshaller().parse(new ByteArrayInputStream(whole, 0, 5_000)));
        assertEquals("INTERNAL: etcd's listing cannot be read: it is cut off", cut.getMessage());
        assertEquals("a number without an end", assertThrows(IOException.class, () -> RangePage.read(new byte[] {-1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1})).getMessage());
        assertEquals("a field of kind 3", assertThrows(IOException.class, () -> RangePage.read(new byte[] {8 << 3 | 3})).getMessage());
    }

    @Test
    void never_fails_in_another_way() {
        byte[] whole = ANSWER.toBuilder().removeKvs(2).build().toByteArray();
        long seed = 20_261_126;
        Random random = new Random(seed);
        for (int i = 0; i < 20_000; i++) {
            byte[] damaged = Arrays.copyOf(whole, random.nextInt(whole.length + 1));
            for (int hits = random.nextInt(4); hits > 0 && damaged.length > 0; hits--) {
                damaged[random.nextInt(damaged.length)] = (byte) random.nextInt();
            }
            try {
                RangePage.read(damaged);
            } catch (IOException refused) {
                // As it should be.
            } catch (RuntimeException defect) {
                throw new AssertionError("seed " + seed + ", round " + i + ": " + Arrays.toString(damaged), defect);
            }
        }
    }
}
