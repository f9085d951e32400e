#: needs go
#: said-by go
module <<'GO'
package main

func main() {}
GO
# A Go that was unpacked in part.
mkdir -p other/pkg
for f in "$(go env GOROOT)"/*; do [ "${f##*/}" = pkg ] || ln -s "$f" other/; done
GOROOT=$PWD/other go build -o app .

mended() { unset GOROOT && go build -o app .; }
