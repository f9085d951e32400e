#: needs go qemu-x86_64-static
#: said-by go
module <<'GO'
package main

func main() {}
GO
GOARCH=amd64 GOAMD64=v3 go build -o app .
qemu-x86_64-static -cpu qemu64 ./app

mended() { GOARCH=amd64 GOAMD64=v1 go build -o app . && qemu-x86_64-static -cpu qemu64 ./app; }
