#: needs go zig
#: said-by zig
cgo_module 'static int work(void) { return 1; }'
CC="zig cc -target arm64-linux-gnu" CGO_ENABLED=1 GOOS=linux GOARCH=arm64 go build -o app .
