/**
 * Whether a resource of Calico's may be written, by Calico's rules and in its words.
 *
 * <p>Calico checks twice: fields one by one and with each other (a field's Go name, its value, the reason), then the schema of its
 * kinds (a path, the reason). Both lists are given, in Calico's order. Pure. May use {@code model} and {@code policy.selector}.
 */
@NullMarked
package io.canal.policy.validation;

import org.jspecify.annotations.NullMarked;
