#: needs go gcc
#: said-by gcc
cgo_module 'static int work(void) { return 1; }'
CGO_ENABLED=1 GOARCH=386 go build -o app .
