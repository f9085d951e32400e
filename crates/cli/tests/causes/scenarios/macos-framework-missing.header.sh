#: needs go zig
#: said-by zig
cgo_module '#include <Security/Security.h>
static int work(void) { return 1; }'
CC='zig cc -target aarch64-macos' CGO_ENABLED=1 GOOS=darwin GOARCH=arm64 go build -ldflags '-s -w' -o app .
