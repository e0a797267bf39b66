package io.canal.model.calico;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;

import io.canal.model.Ip;
import io.canal.model.Ip.Family;
import org.jspecify.annotations.Nullable;

/**
 * Walks through the text of one JSON object without making a tree of it: there are ten thousands of objects, and of most a few fields
 * count.
 *
 * <p>It knows what Go's encoder and ours write: no blanks, and letters of ASCII. All else ends in {@link Unusual}; then a tree is
 * made, which also tells what is wrong with a text.
 */
final class Scan {

    private static final int DEEPEST = 32;
    private static final int LONGEST_NUMBER = 9;
    private static final int MAC_LENGTH = 17;
    private static final Unusual UNUSUAL = new Unusual();

    private final byte[] text;
    private final KnownTexts known;
    private int at;

    /** The text is not the usual one; that says nothing of whether it is good. Never leaves the decoders. */
    static final class Unusual extends Exception {

        private static final long serialVersionUID = 1;

        private Unusual() {
            super("unusual", null, false, false);
        }
    }

    /** @param known has the texts that were read before, and gets those that are read now */
    Scan(String text, KnownTexts known) {
        // Letters that are not ASCII have bytes below zero.
        this.text = text.getBytes(UTF_8);
        this.known = known;
    }

    static Unusual unusual() {
        return UNUSUAL;
    }

    /** Begins an object, and gives the name of its first field; null where it has none. */
    @Nullable String firstField() throws Unusual {
        expect('{');
        return take('}') ? null : name();
    }

    /** The name of the object's next field; null where it ends. */
    @Nullable String nextField() throws Unusual {
        if (take(',')) {
            return name();
        }
        expect('}');
        return null;
    }

    private String name() throws Unusual {
        String name = text();
        expect(':');
        return name;
    }

    /** Begins a list; false where it is empty, and has ended. */
    boolean firstElement() throws Unusual {
        expect('[');
        return !take(']');
    }

    /** Whether the list goes on. */
    boolean nextElement() throws Unusual {
        if (take(',')) {
            return true;
        }
        expect(']');
        return false;
    }

    /** The text behind the one object. */
    void end() throws Unusual {
        if (at != text.length) {
            throw UNUSUAL;
        }
    }

    /** A string. */
    String text() throws Unusual {
        expect('"');
        int from = at;
        int i = from;
        int hash = 0;
        byte next = byteAt(i);
        while (next != '"') {
            if (next < ' ') {
                throw UNUSUAL;
            }
            if (next == '\\') {
                return escaped(from);
            }
            hash = hash * 31 + next;
            next = byteAt(++i);
        }
        at = i + 1;
        return known.text(text, from, i, hash);
    }

    private String escaped(int from) throws Unusual {
        StringBuilder read = new StringBuilder();
        int i = from;
        while (byteAt(i) != '"') {
            byte next = byteAt(i++);
            if (next < ' ') {
                throw UNUSUAL;
            }
            if (next != '\\') {
                read.append((char) next);
                continue;
            }
            switch (byteAt(i++)) {
                case '"' -> read.append('"');
                case '\\' -> read.append('\\');
                case '/' -> read.append('/');
                case 'n' -> read.append('\n');
                case 't' -> read.append('\t');
                case 'u' -> {
                    // Go writes & < > so.
                    int letter = hex(i) << 12 | hex(i + 1) << 8 | hex(i + 2) << 4 | hex(i + 3);
                    if (letter >= 0x80) {
                        throw UNUSUAL;
                    }
                    read.append((char) letter);
                    i += 4;
                }
                default -> throw UNUSUAL;
            }
        }
        at = i + 1;
        return read.toString();
    }

    private int hex(int index) throws Unusual {
        int digit = Character.digit(byteAt(index), 16);
        if (digit < 0) {
            throw UNUSUAL;
        }
        return digit;
    }

    /** A string that must be this one. */
    void text(String expected) throws Unusual {
        expect('"');
        for (int i = 0; i < expected.length(); i++) {
            if (byteAt(at++) != expected.charAt(i)) {
                throw UNUSUAL;
            }
        }
        expect('"');
    }

    /** A string that may be anything. */
    void skipText() throws Unusual {
        expect('"');
        int i = at;
        byte next = byteAt(i);
        while (next != '"') {
            if (next < ' ' || next == '\\') {
                throw UNUSUAL;
            }
            next = byteAt(++i);
        }
        at = i + 1;
    }

    /** A whole number. */
    int number() throws Unusual {
        int from = at;
        int number = 0;
        while (at < text.length && text[at] >= '0' && text[at] <= '9') {
            number = number * 10 + text[at++] - '0';
        }
        int digits = at - from;
        if (digits == 0 || digits > LONGEST_NUMBER || digits > 1 && text[from] == '0') {
            throw UNUSUAL;
        }
        if (at < text.length && text[at] != ',' && text[at] != '}' && text[at] != ']') {
            throw UNUSUAL;
        }
        return number;
    }

    boolean flag() throws Unusual {
        if (byteAt(at) == 't') {
            word("true");
            return true;
        }
        word("false");
        return false;
    }

    private void word(String word) throws Unusual {
        for (int i = 0; i < word.length(); i++) {
            if (byteAt(at++) != word.charAt(i)) {
                throw UNUSUAL;
            }
        }
    }

    /** A value of any kind. */
    void skip() throws Unusual {
        skip(0);
    }

    private void skip(int depth) throws Unusual {
        if (depth > DEEPEST) {
            throw UNUSUAL;
        }
        switch (byteAt(at)) {
            case '"' -> skipText();
            case '{' -> {
                for (String field = firstField(); field != null; field = nextField()) {
                    skip(depth + 1);
                }
            }
            case '[' -> {
                for (boolean more = firstElement(); more; more = nextElement()) {
                    skip(depth + 1);
                }
            }
            case 't', 'f' -> flag();
            case 'n' -> word("null");
            default -> number();
        }
    }

    /** Where the value begins that comes next, for {@link #text(int)} after it was walked through. */
    int here() {
        return at;
    }

    /**
     * Walks to the end of an object or a list without looking what is in it, and gives the hash of its text.
     *
     * <p>What is known of an equal text that was read before holds for this one; of another it is not even known whether it is JSON.
     */
    int hash() throws Unusual {
        int hash = 0;
        int depth = 0;
        boolean quoted = false;
        int i = at;
        do {
            byte next = byteAt(i++);
            if (next < ' ') {
                throw UNUSUAL;
            }
            hash = hash * 31 + next;
            if (next == '\\') {
                hash = hash * 31 + byteAt(i++);
            } else if (next == '"') {
                quoted = !quoted;
            } else if (!quoted) {
                if (next == '{' || next == '[') {
                    depth++;
                } else if (next == '}' || next == ']') {
                    depth--;
                }
            }
        } while (depth > 0);
        at = i;
        return hash;
    }

    byte[] bytes() {
        return text;
    }

    /** The text from there to here. */
    String text(int from) {
        return new String(text, from, at - from, ISO_8859_1);
    }

    void back(int to) {
        at = to;
    }

    /** An IPv4 address as a string, behind it the length of a prefix, which is that of the address. */
    Ip hostV4() throws Unusual {
        expect('"');
        long address = octet('.') << 24;
        address |= octet('.') << 16;
        address |= octet('.') << 8;
        address |= octet('/');
        word("32\"");
        return new Ip(Family.V4, 0, address);
    }

    private long octet(char end) throws Unusual {
        int from = at;
        int octet = 0;
        byte next = byteAt(at++);
        while (next >= '0' && next <= '9' && at - from <= 3) {
            octet = octet * 10 + next - '0';
            next = byteAt(at++);
        }
        int digits = at - from - 1;
        if (next != end || digits == 0 || octet > 255 || digits > 1 && text[from] == '0') {
            throw UNUSUAL;
        }
        return octet;
    }

    /** A MAC address as a string, or an empty one. */
    void mac() throws Unusual {
        expect('"');
        if (take('"')) {
            return;
        }
        for (int i = 0; i < MAC_LENGTH; i++) {
            if (i % 3 == 2) {
                expect(':');
            } else {
                hex(at++);
            }
        }
        expect('"');
    }

    private boolean take(char wanted) {
        if (at < text.length && text[at] == wanted) {
            at++;
            return true;
        }
        return false;
    }

    private void expect(char wanted) throws Unusual {
        if (at >= text.length || text[at] != wanted) {
            throw UNUSUAL;
        }
        at++;
    }

    private byte byteAt(int index) throws Unusual {
        if (index >= text.length) {
            throw UNUSUAL;
        }
        return text[index];
    }
}
