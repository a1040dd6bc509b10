#!/bin/sh
# Compiles and lints each Bicep file of the folder $1. BICEP=… names the compiler. Any output is a failure, because the
# compiler ends with 0 after a mistyped property.
set -eu
folder=$1
bicep=${BICEP:-bicep}

command -v "$bicep" >/dev/null || {
    echo "There is no Bicep compiler here: install it, as with 'az bicep install', or name it as in 'BICEP=~/.azure/bin/bicep make infra'." >&2
    exit 1
}

# `lint` compiles the file and the files that it uses.
faults=$(for file in "$folder"/*.bicep; do
    "$bicep" lint "$file" 2>&1 || true
done | sort -u)
[ -z "$faults" ] || {
    echo "$faults" >&2
    exit 1
}
echo "Every Bicep file of $folder compiles without a warning."
