#: needs go gcc
#: said-by go
cgo_module '#cgo CFLAGS: -fdump-passes
static int work(void) { return 1; }'
CGO_ENABLED=1 go build -o app .

mended() { CGO_CFLAGS_ALLOW='-fdump-passes' CGO_ENABLED=1 go build -o app .; }
