#: needs go aarch64-linux-gnu-gcc aarch64-linux-gnu-ld
#: said-by aarch64-linux-gnu-ld
cgo_module '__int128 shared;
static int work(void) { return (int)__atomic_load_n(&shared, __ATOMIC_SEQ_CST); }'
CC=aarch64-linux-gnu-gcc CGO_ENABLED=1 GOARCH=arm64 go build -o app .

mended() { CGO_LDFLAGS=-latomic CC=aarch64-linux-gnu-gcc CGO_ENABLED=1 GOOS=linux GOARCH=arm64 go build -o app .; }
