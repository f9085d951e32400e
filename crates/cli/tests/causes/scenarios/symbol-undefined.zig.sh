#: needs go zig
#: said-by zig
cgo_module 'int sqlite3_open_v3(void);' 'C.sqlite3_open_v3()'
CC='zig cc -target x86_64-linux-gnu.2.28' CGO_ENABLED=1 go build -o app .
