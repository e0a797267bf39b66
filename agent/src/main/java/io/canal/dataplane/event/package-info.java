/**
 * What the kernel tells on its own, brought to the stages whose objects it is about.
 *
 * <p>An event is a hint: a stage that is surprised looks at its objects anew, on the apply loop's thread.
 */
@NullMarked
package io.canal.dataplane.event;

import org.jspecify.annotations.NullMarked;
