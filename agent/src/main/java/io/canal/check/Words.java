package io.canal.check;

import java.util.Collection;

/** Lists for people. */
final class Words {

    /** A list that is longer is cut: a sentence is for reading. */
    private static final int MOST = 8;

    private Words() {}

    /** {@code a, b, c}; {@code nothing} where there is none. */
    static String of(Collection<?> values) {
        if (values.isEmpty()) {
            return "nothing";
        }
        String first = String.join(", ", values.stream().limit(MOST).map(Object::toString).toList());
        return values.size() > MOST ? first + " and " + (values.size() - MOST) + " more" : first;
    }
}
