#: needs go gcc
#: said-by go
cgo_module 'static int work(void) { return 1; }'
go env -w CC=cgocc
CGO_ENABLED=1 go build -o app .

mended() { go env -u CC && CGO_ENABLED=1 go build -o app .; }
