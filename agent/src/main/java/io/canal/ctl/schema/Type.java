package io.canal.ctl.schema;

import java.util.List;

/** The type of a value, as Go's decoder knows it. */
sealed interface Type {

    /** What Go calls it in an error. */
    String word();

    /** A value without parts. */
    enum Scalar implements Type {
        STRING("string"),
        BOOL("bool"),
        INT("int"),
        UINT16("uint16"),
        FLOAT("float64"),
        MAP("map[string]string"),
        DURATION("string"),
        PROTOCOL("uint8"),
        PORT("uint16"),
        AS_NUMBER("uint32"),
        VALUE("interface {}");

        private final String word;

        Scalar(String word) {
            this.word = word;
        }

        @Override
        public String word() {
            return word;
        }
    }

    /** A pointer: its zero is written, and it is left out only where there is none. */
    record Pointer(Type to) implements Type {

        @Override
        public String word() {
            return to.word();
        }
    }

    record Sequence(Type of) implements Type {

        @Override
        public String word() {
            return "[]" + (of instanceof Struct ? "v3." : "") + of.word();
        }
    }

    /**
     * A type with fields.
     *
     * @param fields in the order in which they are written
     * @param open whether other fields are kept
     */
    record Struct(String name, List<Field> fields, boolean open) implements Type {

        @Override
        public String word() {
            return name;
        }
    }

    /**
     * A field of a struct.
     *
     * @param always whether it is written also when it is empty
     */
    record Field(String name, String typeName, boolean always) {}
}
