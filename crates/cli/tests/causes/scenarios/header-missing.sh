#: needs go gcc aarch64-linux-gnu-gcc
#: said-by aarch64-linux-gnu-gcc
cgo_module '#include <pcap/pcap.h>
static int work(void) { return 1; }'
CC=aarch64-linux-gnu-gcc CGO_ENABLED=1 GOARCH=arm64 go build -o app .
