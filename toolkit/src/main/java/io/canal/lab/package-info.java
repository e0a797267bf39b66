/**
 * Hosts on one machine: systemd in a network namespace each, on one switch; made, found again, and removed without a trace.
 *
 * <p>May use the kernel rooms and programs of the machine by argument arrays. Knows nothing of charms, models or canal itself.
 */
@NullMarked
package io.canal.lab;

import org.jspecify.annotations.NullMarked;
