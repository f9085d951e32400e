#: needs go gcc ld
#: said-by ld
cgo_module 'int sqlite3_open_v3(void);' 'C.sqlite3_open_v3()'
CGO_ENABLED=1 go build -o app .
