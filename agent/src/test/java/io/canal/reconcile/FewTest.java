package io.canal.reconcile;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class FewTest {

    private static List<String> names(int count) {
        return IntStream.rangeClosed(1, count).mapToObj(each -> "n" + each).toList();
    }

    @Test
    void ten_are_named_and_the_others_counted() {
        assertEquals("n1, n2", Few.of(names(2)));
        assertEquals("n1, n2, n3, n4, n5, n6, n7, n8, n9, n10", Few.of(names(10)));
        assertEquals("n1, n2, n3, n4, n5, n6, n7, n8, n9, n10 and 1990 more", Few.of(names(2000)));
    }
}
