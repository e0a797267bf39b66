package io.canal.lab;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class LabNameTest {

    @Test
    void two_checkouts_of_one_name_have_labs_of_their_own() {
        LabName one = LabName.ofCheckout(Path.of("/home/a/canal"));
        LabName other = LabName.ofCheckout(Path.of("/home/b/canal"));
        assertNotEquals(one, other);
        assertTrue(one.text().startsWith("canal"), one.text());
        assertEquals(one, LabName.ofCheckout(Path.of("/home/b/../a/canal")));
    }

    @Test
    void a_folder_without_letters_still_gives_a_name() {
        assertTrue(LabName.ofCheckout(Path.of("/srv/01 2")).text().startsWith("lab"));
    }

    @Test
    void a_switch_port_of_the_longest_name_fits_into_what_the_kernel_allows() {
        LabName longest = new LabName("abcdefghij");
        assertTrue((longest.text() + "-h" + LabKeys.MOST_HOSTS).length() <= 15);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "1a", "A", "a-b", "abcdefghijk", "a/b"})
    void a_name_that_would_not_fit_is_refused_with_a_sentence(String text) {
        LabException refused = assertThrows(LabException.class, () -> new LabName(text));
        assertTrue(refused.getMessage().contains('"' + text + '"'), refused.getMessage());
    }
}
