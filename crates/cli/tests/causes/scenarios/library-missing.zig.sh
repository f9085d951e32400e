#: needs go zig
#: said-by zig
cgo_module '#cgo LDFLAGS: -lpcap
static int work(void) { return 1; }'
CC='zig cc -target x86_64-linux-gnu.2.28' CGO_ENABLED=1 go build -o app .
