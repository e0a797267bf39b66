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

    @Test
    void of_many_chains_that_the_kernel_does_not_take_ten_have_a_sentence() {
        assertEquals(names(10), Few.refusedChains(names(10)));
        List<String> few = Few.refusedChains(names(2000));
        assertEquals(names(10), few.subList(0, 10));
        assertEquals(List.of("the kernel does not take 1990 more chains"), few.subList(10, few.size()));
    }
}
