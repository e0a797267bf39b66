/** A real SSH server of a test's own, and small charms made of shell. */
@NullMarked
package io.canal.controller.testing;

import org.jspecify.annotations.NullMarked;
