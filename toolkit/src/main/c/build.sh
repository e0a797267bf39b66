#!/bin/sh
# Builds canal-unit, static, so that it runs on any host of this architecture.
# usage: build.sh OUTPUT
set -eu
here=$(dirname "$0")
out=$1
cc=${CC:-}
if [ -z "$cc" ]; then
    for name in cc gcc clang; do
        if command -v "$name" >/dev/null 2>&1; then
            cc=$name
            break
        fi
    done
fi
if [ -z "$cc" ]; then
    echo "canal-unit cannot be built: there is no C compiler (cc, gcc or clang) on the PATH; install one, on Debian with: apt-get install gcc libc6-dev" >&2
    exit 1
fi
mkdir -p "$(dirname "$out")"
exec "$cc" -std=gnu17 -O2 -g0 -static -Wall -Wextra -Werror -s -Wl,--build-id=none -o "$out" \
    "$here/canal_unit.c" "$here/frame.c" "$here/juju_exec.c" "$here/nudges.c" "$here/serve.c" "$here/tool.c"
