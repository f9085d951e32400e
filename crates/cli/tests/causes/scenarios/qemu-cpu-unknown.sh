#: needs go qemu-aarch64-static
#: said-by qemu-aarch64-static
module <<'GO'
package main

func main() {}
GO
GOARCH=arm64 go build -o app .
QEMU_CPU=cortex-x9 qemu-aarch64-static ./app

mended() { qemu-aarch64-static ./app; }
