#: needs go gcc
#: said-by go
cgo_module '#cgo CFLAGS: -fplugin=annobin
static int work(void) { return 1; }'
CGO_ENABLED=1 go build -o app .
