/** What tests of the kernel's objects share: network namespaces of their own, and the system's tools as a second witness. */
package io.canal.kernel.testing;
