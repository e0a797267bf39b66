package io.canal.model.calico;

import java.util.Optional;
import java.util.function.UnaryOperator;

/**
 * Where a resource lives in etcd: {@code /calico/resources/v3/projectcalico.org/<plural>/[<namespace>/]<name>}.
 *
 * @param namespace empty where the kind has none
 */
public record ResourceKey(Kind kind, String namespace, String name) {

    /** All resources of Calico's API v3 are below this. */
    public static final String ROOT = "/calico/resources/v3/projectcalico.org/";

    public ResourceKey {
        if (kind.namespaced() == namespace.isEmpty()) {
            throw new IllegalArgumentException(kind.title() + (kind.namespaced() ? " needs a namespace" : " has no namespace"));
        }
        if (name.isEmpty() || name.indexOf('/') >= 0 || namespace.indexOf('/') >= 0) {
            throw new IllegalArgumentException("\"" + namespace + "\", \"" + name + "\" cannot name a " + kind.title());
        }
    }

    /** The key of a kind that has no namespaces. */
    public static ResourceKey of(Kind kind, String name) {
        return new ResourceKey(kind, "", name);
    }

    /** Reads a key; empty where it is not one of a kind that we know. */
    public static Optional<ResourceKey> parse(String path) {
        return parse(path, UnaryOperator.identity());
    }

    /** As {@link #parse(String)}, for one of many; {@code namespaces} gives for each namespace an equal text. */
    public static Optional<ResourceKey> parse(String path, UnaryOperator<String> namespaces) {
        int slash = path.startsWith(ROOT) ? path.indexOf('/', ROOT.length()) : -1;
        Optional<Kind> kind = slash < 0 ? Optional.empty() : Kind.ofPlural(path.substring(ROOT.length(), slash));
        if (kind.isEmpty()) {
            return Optional.empty();
        }
        int start = kind.get().namespaced() ? path.indexOf('/', slash + 1) + 1 : slash + 1;
        if (start == 0 || start == path.length() || start == slash + 2 || path.indexOf('/', start) >= 0) {
            return Optional.empty();
        }
        String namespace = start == slash + 1 ? "" : namespaces.apply(path.substring(slash + 1, start - 1));
        return Optional.of(new ResourceKey(kind.get(), namespace, path.substring(start)));
    }

    /** What all keys of a kind begin with. */
    public static String prefix(Kind kind) {
        return ROOT + kind.plural() + "/";
    }

    public String path() {
        return prefix(kind) + (namespace.isEmpty() ? "" : namespace + "/") + name;
    }

    // Written out: what a record has by itself is slow in a young process, and these are the keys of large tables.
    @Override
    public boolean equals(Object other) {
        return other instanceof ResourceKey that && kind == that.kind && name.equals(that.name) && namespace.equals(that.namespace);
    }

    @Override
    public int hashCode() {
        return (name.hashCode() * 31 + namespace.hashCode()) * 31 + kind.ordinal();
    }

    @Override
    public String toString() {
        return path();
    }
}
