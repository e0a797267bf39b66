#!/bin/sh
# Compiles the CNI plugin: build.sh OUTPUT VERSION. Called by Maven; does nothing where the output is up to date.
set -eu
output=$1
version=$2
sources=$(dirname "$0")
compiler=${CC:-cc}
if ! command -v "$compiler" >/dev/null 2>&1; then
    echo "canal's CNI plugin is written in C, and no C compiler ($compiler) is here; install one (Debian: apt-get install gcc libc6-dev) or name it in CC" >&2
    exit 1
fi
if [ -e "$output" ] && [ -z "$(find "$sources" -newer "$output" -type f)" ]; then
    exit 0
fi
mkdir -p "$(dirname "$output")"
"$compiler" -std=c99 -static -Os -Wall -Wextra -Werror -Wl,--build-id=none -DCANAL_VERSION="\"$version\"" \
    -o "$output.new" "$sources/calico.c" "$sources/io.c" "$sources/json.c"
mv "$output.new" "$output"
