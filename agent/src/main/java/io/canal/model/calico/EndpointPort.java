package io.canal.model.calico;

import io.canal.model.calico.Reading.Malformed;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** A port that an endpoint declares by a name. */
public record EndpointPort(String name, PolicyProtocol protocol, int port) {

    private static final int LARGEST = 65535;

    /** Ports without a name, which rules cannot refer to, are left out. */
    static List<EndpointPort> read(Reading spec) throws Malformed {
        List<EndpointPort> ports = new ArrayList<>();
        for (Reading port : spec.objects("ports")) {
            String name = port.text("name");
            Optional<PolicyProtocol> protocol = port.parsed("protocol", PolicyProtocol::parse, "a protocol's name, or a number from 1 to 255");
            Optional<Integer> number = port.integer("port", 0, LARGEST);
            if (!name.isEmpty() && protocol.isPresent() && number.isPresent()) {
                ports.add(new EndpointPort(name, protocol.get(), number.get()));
            }
        }
        return List.copyOf(ports);
    }
}
