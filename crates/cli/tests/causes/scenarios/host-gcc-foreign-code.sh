#: needs go gcc aarch64-linux-gnu-gcc
#: said-by gcc
cgo_module 'static int work(void) { return 1; }'
CGO_ENABLED=1 GOOS=linux GOARCH=arm64 go build -o app .
CGO_ENABLED=1 GOOS=linux GOARCH=arm go build -o app .
CGO_ENABLED=1 GOOS=linux GOARCH=mips64le go build -o app .

mended() { CC=aarch64-linux-gnu-gcc CGO_ENABLED=1 GOOS=linux GOARCH=arm64 go build -o app .; }
