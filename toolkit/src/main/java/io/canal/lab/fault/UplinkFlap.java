package io.canal.lab.fault;

import io.canal.lab.Host;
import java.util.ArrayList;
import java.util.List;

/** Takes the host's interface down and up again, and does what a network service then does: it puts back addresses and default route. */
final class UplinkFlap {

    private static final String UPLINK = "eth0";

    private UplinkFlap() {}

    static String on(Host host) {
        List<String> addresses = new ArrayList<>();
        host.program("ip", "-o", "-6", "address", "show", "dev", UPLINK, "scope", "global").must().lines().forEach(line -> addresses.add(line.split("\\s+")[3]));
        List<String> routes = host.program("ip", "route", "show", "default", "dev", UPLINK).must().lines().map(String::strip).filter(line -> !line.isEmpty()).toList();
        host.program("ip", "link", "set", UPLINK, "down").must();
        host.program("ip", "link", "set", UPLINK, "up").must();
        // The kernel keeps IPv4 addresses over it, and drops those of IPv6.
        addresses.forEach(address -> host.program("ip", "-6", "address", "replace", address, "dev", UPLINK, "nodad").must());
        for (String route : routes) {
            List<String> command = new ArrayList<>(List.of("ip", "route", "replace"));
            command.addAll(List.of(route.split(" ")));
            command.addAll(List.of("dev", UPLINK));
            host.program(command).must();
        }
        return UPLINK + " of " + host + " was down and is up again.";
    }
}
