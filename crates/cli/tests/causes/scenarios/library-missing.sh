#: needs go aarch64-linux-gnu-gcc aarch64-linux-gnu-ld
#: said-by aarch64-linux-gnu-ld
cgo_module '#cgo LDFLAGS: -lpcap
static int work(void) { return 1; }'
CC=aarch64-linux-gnu-gcc CGO_ENABLED=1 GOARCH=arm64 go build -o app .
