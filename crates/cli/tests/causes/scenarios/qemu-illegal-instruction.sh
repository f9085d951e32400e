#: needs go arm-linux-gnueabihf-gcc qemu-arm-static
#: said-by qemu-arm-static
# Debian's gcc for gnueabihf makes ARMv7 code, the processor of a Raspberry Pi 1 is an ARMv6.
cgo_module 'static int work(int n) { return n / 3; }' 'println(C.work(7))'
CC=arm-linux-gnueabihf-gcc CGO_ENABLED=1 GOARCH=arm GOARM=6 go build -ldflags '-linkmode external -extldflags -static' -o app .
QEMU_CPU=arm1176 qemu-arm-static ./app

mended() { QEMU_CPU=max qemu-arm-static ./app; }
