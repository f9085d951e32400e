#: needs go gcc as ld ar
#: said-by go
cgo_module 'static int work(void) { return 1; }'
PATH=$(only go gcc as ld) CGO_ENABLED=1 go build -buildmode=c-archive -o app.a .

mended() { CGO_ENABLED=1 go build -buildmode=c-archive -o app.a .; }
