#: needs go gcc
#: said-by go
cgo_module 'static int work(void) { return 1; }'
PATH=$(only go) CC=aarch64-linux-gnu-gcc CGO_ENABLED=1 GOOS=linux GOARCH=arm64 go build -o app .
PATH=$(only go) CGO_ENABLED=1 go build -o app .

mended() { CGO_ENABLED=1 go build -o app .; }
