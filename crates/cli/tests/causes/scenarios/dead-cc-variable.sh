#: needs go gcc aarch64-linux-gnu-gcc
#: said-by go
cgo_module 'static int work(void) { return 1; }'
(
    set -x
    CC_aarch64_linux_gnu=aarch64-linux-gnu-gcc CGO_ENABLED=1 GOOS=linux GOARCH=arm64 go build -o app .
)

mended() { CC=aarch64-linux-gnu-gcc CGO_ENABLED=1 GOOS=linux GOARCH=arm64 go build -o app .; }
