#: needs go zig aarch64-linux-gnu-gcc
#: said-by zig
mkdir lib
echo 'int work(void) { return 1; }' | aarch64-linux-gnu-gcc -xc -shared -fPIC -o lib/libwork.so -
cgo_module '#cgo LDFLAGS: -L${SRCDIR}/lib -lwork
int work(void);'
CC='zig cc -target x86_64-linux-gnu.2.28' CGO_ENABLED=1 go build -o app .
