#ifndef CANAL_SERVE_H
#define CANAL_SERVE_H

/* Speaks with the controller on standard input and output until that ends: runs one hook at a time for it. */
int serve_main(void);

#endif
