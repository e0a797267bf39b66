package io.canal.lab.pod;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.canal.lab.LabException;
import org.junit.jupiter.api.Test;

class CniNetworkTest {

    @Test
    void the_highest_version_that_both_sides_know_is_spoken() {
        assertEquals("1.1.0", version("\"cniVersion\":\"1.0.0\",\"cniVersions\":[\"0.4.0\",\"1.1.0\",\"9.0.0\"]"));
        assertEquals("0.3.1", version("\"cniVersion\":\"0.3.1\""));
        LabException refused = assertThrows(LabException.class, () -> version("\"cniVersion\":\"9.0.0\""));
        assertTrue(refused.getMessage().contains("9.0.0"), refused.getMessage());
    }

    @Test
    void the_last_result_is_given_to_delete_from_version_0_4_0_on() {
        assertEquals(false, network("\"cniVersion\":\"0.3.1\"").resultOnDelete());
        assertEquals(true, network("\"cniVersion\":\"0.4.0\"").resultOnDelete());
    }

    private static String version(String fields) {
        return network(fields).version();
    }

    private static CniNetwork network(String fields) {
        return CniNetwork.parse("f.conflist", "{" + fields + ",\"name\":\"n\",\"plugins\":[{\"type\":\"p\"}]}");
    }
}
