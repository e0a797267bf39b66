package io.canal.model;

import java.util.function.Function;

/** What a decoder makes of text from outside: a value, or what is wrong with the text. Decoders never throw. */
public sealed interface Decoded<T> {

    /** The text was good. */
    record Good<T>(T value) implements Decoded<T> {}

    /** The text was not. */
    record Bad<T>(Problem problem) implements Decoded<T> {}

    static <T> Decoded<T> good(T value) {
        return new Good<>(value);
    }

    static <T> Decoded<T> bad(Problem problem) {
        return new Bad<>(problem);
    }

    /** As the constructor of {@link Problem}, wrapped. */
    static <T> Decoded<T> bad(String where, String field, String found, String expected) {
        return new Bad<>(new Problem(where, field, found, expected));
    }

    default <R> Decoded<R> then(Function<? super T, Decoded<R>> next) {
        return switch (this) {
            case Good<T>(T value) -> next.apply(value);
            case Bad<T>(Problem problem) -> new Bad<>(problem);
        };
    }

    default <R> Decoded<R> map(Function<? super T, ? extends R> mapping) {
        return then(value -> new Good<>(mapping.apply(value)));
    }

    /** The value, where the text is known to be good. */
    default T orThrow() {
        return switch (this) {
            case Good<T>(T value) -> value;
            case Bad<T>(Problem problem) -> throw new IllegalArgumentException(problem.sentence());
        };
    }
}
