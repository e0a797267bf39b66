/** A real etcd for tests: started on loopback ports, in a folder of its own, and killed at the end. */
package io.canal.store.testing;
