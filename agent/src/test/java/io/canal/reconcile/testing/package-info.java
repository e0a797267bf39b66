/** Time and chance in the hands of a test. */
package io.canal.reconcile.testing;
