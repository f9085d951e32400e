#: needs go zig mips64el-linux-gnuabi64-gcc
#: said-by zig
cgo_module 'static int work(void) { return 1; }'
CC='zig cc -target mips64el-linux-gnuabi64' CGO_ENABLED=1 GOOS=linux GOARCH=mips64le go build -o app .

mended() { CC=mips64el-linux-gnuabi64-gcc CGO_ENABLED=1 GOARCH=mips64le go build -o app .; }
