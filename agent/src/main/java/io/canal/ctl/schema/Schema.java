package io.canal.ctl.schema;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.canal.ctl.schema.Type.Field;
import io.canal.ctl.schema.Type.Pointer;
import io.canal.ctl.schema.Type.Scalar;
import io.canal.ctl.schema.Type.Sequence;
import io.canal.ctl.schema.Type.Struct;
import io.canal.model.Json;
import io.canal.model.calico.Kind;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The codec of documents: reads one as Go's strict decoder does, and gives it as Go's encoder would write it. */
public final class Schema {

    private static final Set<String> METADATA = Set.of("name", "generateName", "namespace", "uid", "resourceVersion", "generation",
            "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds", "labels", "annotations", "ownerReferences", "finalizers",
            "managedFields", "selfLink");
    private static final JsonNodeFactory NODES = JsonNodeFactory.instance;
    private static final Pattern RANGE = Pattern.compile("(\\d+):(\\d+)");
    private static final int MAX_PORT = 65_535;

    private final Types types = Types.load();

    /** Whether calicoctl manages resources of such a kind. */
    public boolean has(Kind kind) {
        return types.struct(kind.title()).isPresent();
    }

    /**
     * A document in the form in which it is written: fields in order, empty ones left out, durations in Go's form. Its
     * {@code metadata} is only looked at for strange fields.
     *
     * @param lenient whether unknown fields are kept behind the known ones, as for what lies in etcd, instead of refused
     */
    public ObjectNode read(Kind kind, ObjectNode document, boolean lenient) throws Malformed {
        Struct struct = types.struct(kind.title()).orElseThrow(() -> new IllegalArgumentException(kind + " has no schema"));
        ObjectNode whole = Json.object().put("kind", kind.title()).put("apiVersion", document.path("apiVersion").asText());
        JsonNode metadata = document.path("metadata");
        if (!metadata.isMissingNode() && !metadata.isNull() && !metadata.isObject()) {
            throw mismatch(struct, "metadata", metadata, "v1.ObjectMeta");
        }
        for (Map.Entry<String, JsonNode> field : metadata.properties()) {
            if (!METADATA.contains(field.getKey()) && !lenient) {
                throw Malformed.field(field.getKey());
            }
            boolean map = field.getKey().equals("labels") || field.getKey().equals("annotations");
            if (map) {
                scalar(new Place("ObjectMeta", "metadata." + field.getKey()), Scalar.MAP, field.getValue());
            }
        }
        whole.set("metadata", metadata.isObject() ? metadata : Json.object());
        ObjectNode rest = document.deepCopy();
        rest.remove(Set.of("kind", "apiVersion", "metadata"));
        whole.setAll(struct(new Place("", ""), struct, rest, lenient));
        return whole;
    }

    /** Where a value is: the struct that holds it, and the path from the document. */
    private record Place(String struct, String path) {

        Place at(Struct holder, String field) {
            return new Place(holder.name(), path.isEmpty() ? field : path + "." + field);
        }
    }

    private ObjectNode struct(Place place, Struct struct, JsonNode value, boolean lenient) throws Malformed {
        if (!value.isObject()) {
            throw mismatch(place, value, "v3." + struct.name());
        }
        ObjectNode written = Json.object();
        for (Field field : struct.fields()) {
            JsonNode given = value.get(field.name());
            Type type = types.of(field.typeName());
            JsonNode read = given == null || given.isNull() ? null : value(place.at(struct, field.name()), type, given, lenient);
            if (read == null) {
                if (field.always()) {
                    written.set(field.name(), empty(type));
                }
            } else if (field.always() || type instanceof Pointer || !isEmpty(read)) {
                written.set(field.name(), read);
            }
        }
        for (Map.Entry<String, JsonNode> field : value.properties()) {
            if (struct.fields().stream().noneMatch(known -> known.name().equals(field.getKey()))) {
                if (!struct.open() && !lenient) {
                    throw Malformed.field(field.getKey());
                }
                written.set(field.getKey(), field.getValue());
            }
        }
        return written;
    }

    private JsonNode value(Place place, Type type, JsonNode value, boolean lenient) throws Malformed {
        return switch (type) {
            case Pointer(Type to) -> value(place, to, value, lenient);
            case Sequence(Type of) -> {
                if (!value.isArray()) {
                    throw mismatch(place, value, type.word());
                }
                ArrayNode list = NODES.arrayNode();
                for (JsonNode element : value) {
                    list.add(element.isNull() ? empty(of) : value(place, of, element, lenient));
                }
                yield list;
            }
            case Struct struct -> struct(place, struct, value, lenient);
            case Scalar scalar -> scalar(place, scalar, value);
        };
    }

    private static JsonNode scalar(Place place, Scalar type, JsonNode value) throws Malformed {
        return switch (type) {
            case VALUE -> value;
            case STRING -> {
                if (!value.isTextual()) {
                    throw mismatch(place, value, type.word());
                }
                yield value;
            }
            case BOOL -> {
                if (!value.isBoolean()) {
                    throw mismatch(place, value, type.word());
                }
                yield value;
            }
            case FLOAT -> {
                if (!value.isNumber()) {
                    throw mismatch(place, value, type.word());
                }
                double number = value.asDouble();
                yield number == Math.rint(number) && Math.abs(number) < 1e15 ? NODES.numberNode((long) number) : value;
            }
            case INT -> whole(place, value, type, Long.MIN_VALUE, Long.MAX_VALUE);
            case UINT16 -> whole(place, value, type, 0, MAX_PORT);
            case AS_NUMBER -> value.isTextual() ? asNumber(value.asText()) : whole(place, value, type, 0, 0xffffffffL);
            case MAP -> map(place, value);
            case DURATION -> duration(place, value);
            case PROTOCOL -> value.isTextual() ? value : whole(place, value, type, 0, 255);
            case PORT -> value.isTextual() ? port(value.asText()) : whole(place, value, type, 0, MAX_PORT);
        };
    }

    private static JsonNode whole(Place place, JsonNode value, Scalar type, long least, long most) throws Malformed {
        if (!value.isNumber()) {
            throw mismatch(place, value, type.word());
        }
        if (!value.canConvertToExactIntegral() || value.asDouble() < least || value.asDouble() > most) {
            throw mismatch(place, "number " + value.asText(), type.word());
        }
        return NODES.numberNode(value.asLong());
    }

    private static JsonNode map(Place place, JsonNode value) throws Malformed {
        if (!value.isObject()) {
            throw mismatch(place, value, Scalar.MAP.word());
        }
        TreeMap<String, String> sorted = new TreeMap<>();
        for (Map.Entry<String, JsonNode> entry : value.properties()) {
            if (!entry.getValue().isTextual()) {
                throw mismatch(place, entry.getValue(), "string");
            }
            sorted.put(entry.getKey(), entry.getValue().asText());
        }
        ObjectNode map = Json.object();
        sorted.forEach(map::put);
        return map;
    }

    private static JsonNode duration(Place place, JsonNode value) throws Malformed {
        if (!value.isTextual()) {
            throw mismatch(place, value, "string");
        }
        return NODES.textNode(GoDuration.normal(value.asText()).orElseThrow(() -> Malformed.json("time: invalid duration \"" + value.asText() + "\"")));
    }

    private static JsonNode asNumber(String text) throws Malformed {
        Matcher dotted = Pattern.compile("(\\d{1,5})\\.(\\d{1,5})").matcher(text);
        long number;
        if (dotted.matches()) {
            number = (Long.parseLong(dotted.group(1)) << 16) + Long.parseLong(dotted.group(2));
        } else if (text.matches("\\d{1,10}")) {
            number = Long.parseLong(text);
        } else {
            throw Malformed.json("invalid AS Number format");
        }
        return NODES.numberNode(number);
    }

    /** A text that is a number is one; a range is checked; anything else is the name of a port. */
    private static JsonNode port(String text) throws Malformed {
        Matcher range = RANGE.matcher(text);
        if (range.matches()) {
            long least = number(range.group(1));
            long most = number(range.group(2));
            if (least > most) {
                throw Malformed.json("minimum port number (" + least + ") is greater than maximum port number (" + most + ") in port range");
            }
            return least == most ? NODES.numberNode(least) : NODES.textNode(text);
        }
        return text.matches("\\d+") ? NODES.numberNode(number(text)) : NODES.textNode(text);
    }

    private static long number(String digits) throws Malformed {
        if (digits.length() > 5 || Long.parseLong(digits) > MAX_PORT) {
            throw Malformed.json("invalid port format (" + digits + ")");
        }
        return Long.parseLong(digits);
    }

    private JsonNode empty(Type type) {
        return switch (type) {
            case Struct struct -> {
                ObjectNode all = Json.object();
                struct.fields().stream().filter(Field::always).forEach(field -> all.set(field.name(), empty(types.of(field.typeName()))));
                yield all;
            }
            case Sequence _ -> NODES.arrayNode();
            case Scalar.BOOL -> NODES.booleanNode(false);
            case Scalar.INT, Scalar.UINT16, Scalar.FLOAT, Scalar.AS_NUMBER, Scalar.PORT -> NODES.numberNode(0);
            case Scalar.MAP, Scalar.VALUE -> Json.object();
            case Scalar.STRING, Scalar.DURATION, Scalar.PROTOCOL -> NODES.textNode("");
            case Pointer _ -> Json.object();
        };
    }

    private static boolean isEmpty(JsonNode value) {
        return value.isContainerNode() ? value.isEmpty()
                : value.isTextual() ? value.asText().isEmpty()
                : value.isNumber() ? value.asDouble() == 0 : value.isBoolean() && !value.asBoolean();
    }

    private static Malformed mismatch(Struct holder, String path, JsonNode value, String type) {
        return mismatch(new Place(holder.name(), path), value, type);
    }

    private static Malformed mismatch(Place place, JsonNode value, String type) {
        return mismatch(place, word(value), type);
    }

    private static Malformed mismatch(Place place, String what, String type) {
        return Malformed.json("json: cannot unmarshal " + what + " into Go struct field " + place.struct() + "." + place.path() + " of type " + type);
    }

    /** What Go's decoder calls a value. */
    public static String word(JsonNode value) {
        return value.isTextual() ? "string" : value.isNumber() ? "number" : value.isBoolean() ? "bool" : value.isArray() ? "array" : "object";
    }
}
