#: needs go
#: said-by go
cgo_module 'static int work(void) { return 1; }'
GOOS=linux GOARCH=arm64 go build -o app .
