/**
 * The reference evaluator: what the policies say of one packet, worked out from the tables packet by packet, small and slow.
 *
 * <p>It judges everything that enforces policy, in tests and in {@code canal why}, and therefore shares nothing with the calculation
 * and the rendering. Pure. May use {@code model} and the meaning of selectors in {@code policy}.
 */
@NullMarked
package io.canal.policy.reference;

import org.jspecify.annotations.NullMarked;
