/**
 * Kubernetes' policies as Calico's: what kube-controllers make of them, and closed where kube-controllers open or lose one.
 *
 * <p>Pure. May use {@code model}.
 */
@NullMarked
package io.canal.policy.kubernetes;

import org.jspecify.annotations.NullMarked;
