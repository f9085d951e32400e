#: needs go qemu-aarch64-static
#: said-by qemu-aarch64-static
module <<'GO'
package main

func main() {}
GO
GOARCH=amd64 go build -o app .
qemu-aarch64-static ./app
