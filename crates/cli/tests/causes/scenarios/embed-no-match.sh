#: needs go
#: said-by go
module <<'GO'
package main

import "embed"

//go:embed web/dist
var files embed.FS

func main() { _ = files }
GO
go build -o app .

mended() {
    mkdir -p web/dist
    echo hello >web/dist/index.html
    go build -o app .
}
