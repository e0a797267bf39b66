package io.canal.ctl.schema;

import io.canal.ctl.schema.Type.Field;
import io.canal.ctl.schema.Type.Pointer;
import io.canal.ctl.schema.Type.Scalar;
import io.canal.ctl.schema.Type.Sequence;
import io.canal.ctl.schema.Type.Struct;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** All types of {@code types.txt}, which says how it is to be read. */
final class Types {

    private static final Map<String, Scalar> SCALARS = Map.ofEntries(
            Map.entry("string", Scalar.STRING), Map.entry("bool", Scalar.BOOL), Map.entry("int", Scalar.INT), Map.entry("uint16", Scalar.UINT16),
            Map.entry("float", Scalar.FLOAT), Map.entry("map", Scalar.MAP), Map.entry("duration", Scalar.DURATION),
            Map.entry("protocol", Scalar.PROTOCOL), Map.entry("port", Scalar.PORT), Map.entry("asNumber", Scalar.AS_NUMBER),
            Map.entry("value", Scalar.VALUE));

    private final Map<String, Struct> structs = new HashMap<>();

    /** The types that come with the program. */
    static Types load() {
        try (InputStream in = Types.class.getResourceAsStream("types.txt")) {
            if (in == null) {
                throw new IllegalStateException("the program was packed without types.txt");
            }
            return new Types(new String(in.readAllBytes(), StandardCharsets.UTF_8));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private Types(String text) {
        text.lines().filter(line -> !line.isBlank() && !line.startsWith("#")).forEach(line -> {
            int colon = line.indexOf(':');
            List<Field> fields = new ArrayList<>();
            boolean open = false;
            for (String part : line.substring(colon + 1).split(",")) {
                String[] words = part.strip().split(" ");
                if (words[0].equals("...")) {
                    open = true;
                } else {
                    boolean always = words[0].endsWith("!");
                    fields.add(new Field(always ? words[0].substring(0, words[0].length() - 1) : words[0], words[1], always));
                }
            }
            structs.put(line.substring(0, colon), new Struct(line.substring(0, colon), List.copyOf(fields), open));
        });
    }

    Optional<Struct> struct(String name) {
        return Optional.ofNullable(structs.get(name));
    }

    /** The type that a field names. */
    Type of(String name) {
        if (name.startsWith("*")) {
            return new Pointer(of(name.substring(1)));
        }
        if (name.startsWith("[]")) {
            return new Sequence(of(name.substring(2)));
        }
        Scalar scalar = SCALARS.get(name);
        if (scalar != null) {
            return scalar;
        }
        return struct(name).orElseThrow(() -> new IllegalStateException("types.txt has no type " + name));
    }
}
