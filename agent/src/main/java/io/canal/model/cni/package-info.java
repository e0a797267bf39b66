/**
 * What container runtimes and CNI plugins say to each other: requests, network configurations, results, errors; of every version of
 * the specification from 0.1.0 to 1.1.0.
 *
 * <p>Pure. May use {@code model}. Keys of JSON objects are matched as Go matches them: exactly if possible, else in any case.
 */
@NullMarked
package io.canal.model.cni;

import org.jspecify.annotations.NullMarked;
