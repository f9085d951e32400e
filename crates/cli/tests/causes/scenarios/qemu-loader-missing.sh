#: needs go aarch64-linux-gnu-gcc qemu-aarch64-static
#: said-by qemu-aarch64-static
cgo_module 'static int work(void) { return 1; }'
CC=aarch64-linux-gnu-gcc CGO_ENABLED=1 GOARCH=arm64 go build -o app .
qemu-aarch64-static ./app

mended() { QEMU_LD_PREFIX=/usr/aarch64-linux-gnu qemu-aarch64-static ./app; }
