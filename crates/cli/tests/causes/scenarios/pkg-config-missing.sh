#: needs go gcc
#: said-by go
cgo_module '#cgo pkg-config: libpcap
int work(void);'
PATH=$(only go gcc) CGO_ENABLED=1 go build -o app .
