package io.canal.controller;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.canal.controller.text.Trees;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** What the model knows of a machine. */
final class MachineState {

    /** An address of a network device, as the host tells it. */
    record Address(String device, String mac, String address, int length) {}

    MachineSpec spec;
    String bootId = "";
    String hostname = "";
    String arch = "";
    /** Its system, such as {@code debian@12}. */
    String base = "";
    String hardware = "";
    List<Address> addresses = new ArrayList<>();
    /** {@code pending} until we were there, {@code started}, {@code down} when it did not answer last time. */
    Status status;
    Instant added;

    MachineState(MachineSpec spec, Instant now) {
        this.spec = spec;
        this.status = new Status("pending", "", now);
        this.added = now;
    }

    /** The device that carries the machine's address. */
    Optional<Address> main() {
        return addresses.stream().filter(address -> address.address().equals(spec.address())).findFirst();
    }

    JsonNode toJson() {
        ObjectNode json = Trees.object();
        json.put("id", spec.id());
        json.put("address", spec.address());
        json.put("port", spec.port());
        json.put("user", spec.user());
        json.put("key", spec.key().toString());
        json.put("known-hosts", spec.knownHosts().toString());
        spec.netns().ifPresent(path -> json.put("netns", path.toString()));
        json.put("boot-id", bootId);
        json.put("hostname", hostname);
        json.put("arch", arch);
        json.put("base", base);
        json.put("hardware", hardware);
        ArrayNode list = json.putArray("addresses");
        for (Address address : addresses) {
            list.addObject()
                    .put("device", address.device())
                    .put("mac", address.mac())
                    .put("address", address.address())
                    .put("length", address.length());
        }
        json.set("status", status.toJson());
        json.put("added", added.toString());
        return json;
    }

    static MachineState of(JsonNode json) {
        MachineSpec spec = new MachineSpec(
                json.path("id").asText(),
                json.path("address").asText(),
                json.path("port").asInt(),
                json.path("user").asText(),
                Path.of(json.path("key").asText()),
                Path.of(json.path("known-hosts").asText()),
                Optional.ofNullable(json.get("netns")).map(node -> Path.of(node.asText())));
        MachineState machine = new MachineState(spec, Instant.parse(json.path("added").asText()));
        machine.bootId = json.path("boot-id").asText();
        machine.hostname = json.path("hostname").asText();
        machine.arch = json.path("arch").asText();
        machine.base = json.path("base").asText();
        machine.hardware = json.path("hardware").asText();
        for (JsonNode address : json.path("addresses")) {
            machine.addresses.add(new Address(
                    address.path("device").asText(),
                    address.path("mac").asText(),
                    address.path("address").asText(),
                    address.path("length").asInt()));
        }
        machine.status = Status.of(json.path("status"));
        return machine;
    }
}
