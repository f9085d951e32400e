#: needs go
#: said-by go
cgo_module 'static int work(void) { return 1; }'
go env -w CC=cgocc
CGO_ENABLED=1 go build -o app .
